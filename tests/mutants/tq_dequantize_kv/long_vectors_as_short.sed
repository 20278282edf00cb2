# file: tq_dequantize_kv.cl tq_dequantize_kv.comp tq_dequantize_kv_cpu_body.h
# DIM = 512 with 1 / sqrt(512), as an older revision had it.
s/p.head_dim > 256u\{0,1\} ?/p.head_dim > 4096 ?/
s/if (dim <= 256)/if (dim <= 512)/; s/dim > 256 \&\& c < dim/dim > 512 \&\& c < dim/
