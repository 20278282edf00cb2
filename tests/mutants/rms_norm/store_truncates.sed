# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# What the storage type does not hold is cut off.
1a #define KEPT (DTYPE == 2 ? 0xffff0000u : DTYPE == 1 ? 0xffffe000u : 0xffffffffu)
s|^\( *\)STOREV(y, base + i, v);|#if VEC == 4\n\1STOREV(y, base + i, as_float4(as_uint4(v) \& KEPT));\n#else\n\1STOREV(y, base + i, as_float(as_uint(v) \& KEPT));\n#endif|
s|STOREX4(y4, base + i, \(.*\));|STOREX4(y4, base + i, uintBitsToFloat(floatBitsToUint(\1) \& KEPT));|
s|STORE(y, base + i, \(.*\));|STORE(y, base + i, uintBitsToFloat(floatBitsToUint(\1) \& KEPT));|
s|NARROWX4(v\[\(.*\)\] \* inv \* WEIGHT4(\(2 \* i[ +1]*\)))|NARROWX4(uintBitsToFloat(floatBitsToUint(v[\1] * inv * WEIGHT4(\2)) \& KEPT))|
