# file: hadamard_quantize_kv_cpu_body.h
# hb entries use the next narrower codebook.
s/encode(a, 512, false, p->codebook_bits/encode(a, 512, false, p->codebook_bits == 8 ? 6 : p->codebook_bits/
