# file: bench_spin.cl bench_spin.comp
# One element more than there are.
# equivalent on vulkan: a write beyond the binding is cut off
s/i >= p.items/i > p.items/
