# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
s/LAYOUT == 0 ? slot/LAYOUT == 3 ? slot/
s/flat ? slot/false ? slot/
