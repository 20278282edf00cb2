# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
# Overflow becomes the largest number instead of infinity.
s/MXB_CAT(MXB_STOREX4_, DTYPE2)(to, i, LOADX4(from, k))/MXB_CAT(MXB_STOREX4_, DTYPE2)(to, i, CLAMP(LOADX4(from, k)))/
s/STORE2(to, i, LOAD(from, k))/STORE2(to, i, CLAMP(LOAD(from, k)))/
s/x = vf_load(dt, src, from + i);/x = vf_max(vf_min(vf_load(dt, src, from + i), vf_set1(65504)), vf_set1(-65504));/
/kernels\/common\/mxb.cl.h/a #define CLAMP(x) clamp(x, -65504.0f, 65504.0f)
/kernels\/common\/mxb.glsl/a #define CLAMP(x) clamp(x, -65504.0, 65504.0)
