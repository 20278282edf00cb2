# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
s/#if DUAL/#if 0/
s/if (a->spec\[S_DUAL\])/if (false)/
