# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# The last element, or group of four, is left out of maximum and sum.
0,/i < n; i += WG/s//i + 1 < n; i += WG/
s/if (i < n) x\[k\]/if (i + 1 < n) x[k]/
s/i < n ? SCALED/i + 1 < n ? SCALED/
s/    if (i < n) {/    if (false) {/
