# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# The last element, or group of four, is not written as a result.
/group_sum(.*z == 0/,$s/i < n; i += WG/i + 1 < n; i += WG/
s/if (i < n) STORE/if (i + 1 < n) STORE/
s/i < n; i++) out\[i\] \*=/i + 1 < n; i++) out[i] *=/
