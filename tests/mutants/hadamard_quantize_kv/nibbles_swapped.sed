# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# The even coordinate goes into the high nibble.
s/<< (i \* INDEX_BITS)/<< ((i ^ (NIBBLES == 1 ? 1u : 0u)) * INDEX_BITS)/
s/index\[2 \* i\] | index\[2 \* i + 1\] << 4/index[2 * i + 1] | index[2 * i] << 4/
