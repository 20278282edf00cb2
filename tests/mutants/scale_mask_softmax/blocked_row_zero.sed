# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# A row that is blocked everywhere becomes zeros.
s/z == 0.0f ? NAN/z == 0.0f ? 0.0f/
s/uintBitsToFloat(0x7fc00000u)/0.0/
s/out\[i\] \*= 1 \/ z/out[i] = z > 0 ? out[i] \/ z : 0/
