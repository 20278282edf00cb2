# file: hadamard_quantize_kv.comp
# Partial sums are read before they are there.  Not for OpenCL: PoCL finishes a loop for all work items before it goes on.
/part\[b \* WG + t\] = sum;/,/barrier(/{/barrier(/d}
