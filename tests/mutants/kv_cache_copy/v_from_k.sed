# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
# Both caches get K.
s/COPY(cache_v, to, src_v, from)/COPY(cache_v, to, src, from)/
s/(cache_v4, to, src_v4, from)/(cache_v4, to, src4, from)/
s/(cache_v, to, src_v, from)/(cache_v, to, src, from)/
s/copy(a->spec, stream, a->buf\[T_SRC_V\]/copy(a->spec, stream, a->buf[T_SRC]/
