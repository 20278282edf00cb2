# file: kv_cache_copy_cpu_body.h
# The elements behind the last whole vector are lost.
s/    if (i < n) vf_store_part/    if (false) vf_store_part/
