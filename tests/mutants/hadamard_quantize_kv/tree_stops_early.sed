# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp
# The sum lacks the odd work items.
s/k > 0; k \/= 2/k > 1; k \/= 2/
