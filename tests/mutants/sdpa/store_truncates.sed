# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# What bf16 does not hold is cut off.
2i #define KEPT (DTYPE == 2 ? 0xffff0000u : 0xffffffffu)
s|STOREX4(O, r \* (d / 4) + u, o);|STOREX4(O, r * (d / 4) + u, as_float4(as_uint4(o) \& KEPT));|
s|STOREX4(O4, row \* (d / 4) + u, o);|STOREX4(O4, row * (d / 4) + u, uintBitsToFloat(floatBitsToUint(o) \& KEPT));|
s|vf_store(dt, o, i \* t->d + c, x);|vf_store(dt, o, i * t->d + c, dt == MXB_BF16 ? (vf)((vu)x \& 0xffff0000u) : x);|
