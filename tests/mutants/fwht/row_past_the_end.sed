# file: fwht.cl
# A row beyond the last is transformed too.  Not for Vulkan: robust buffer access drops the stores past the binding.
s/row < p.num_heads/row <= p.num_heads/
