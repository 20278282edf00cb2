# file: fwht.cl fwht.comp
# A row beyond the last is transformed too.
# equivalent on vulkan: a write beyond the binding is cut off
s/row < p.num_heads/row <= p.num_heads/
