# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp
# Partial sums are read before they are there.
# equivalent on opencl: PoCL puts a barrier of its own before a loop that holds one
/part\[b \* WG + t\] = sum;/,/barrier(/{/barrier(/d}
