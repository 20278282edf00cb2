# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# The last element, or group of four, is not written as a result.
/float unit/,$s/i < n; i += WG/i + 1 < n; i += WG/
s/i < n; i++) out\[i\] \*=/i + 1 < n; i++) out[i] *=/
