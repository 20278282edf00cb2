# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
# What f16 does not hold is cut off.
s/MXB_CAT(MXB_STOREX4_, DTYPE2)(to, i, LOADX4(from, k))/MXB_CAT(MXB_STOREX4_, DTYPE2)(to, i, CUT4(LOADX4(from, k)))/
s/STORE2(to, i, LOAD(from, k))/STORE2(to, i, CUT(LOAD(from, k)))/
s/x = vf_load(dt, src, from + i);/x = (vf)((vu)vf_load(dt, src, from + i) \& 0xffffe000u);/
/kernels\/common\/mxb.cl.h/a #define CUT(x) as_float(as_uint(x) \& 0xffffe000u)
/kernels\/common\/mxb.cl.h/a #define CUT4(x) as_float4(as_uint4(x) \& 0xffffe000u)
/kernels\/common\/mxb.glsl/a #define CUT(x) uintBitsToFloat(floatBitsToUint(x) \& 0xffffe000u)
/kernels\/common\/mxb.glsl/a #define CUT4(x) uintBitsToFloat(floatBitsToUint(x) \& 0xffffe000u)
