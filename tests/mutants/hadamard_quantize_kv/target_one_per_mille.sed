# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# DIM = 256: scaled to 16.016.
s/DIM == 256 ? 16.0f\{0,1\} :/DIM == 256 ? 16.016f :/
s/dim == 256 ? 16 : p->/dim == 256 ? 16.016f : p->/
