# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# Tokens before the first one are written.
s/(p\.src_tok_offset + token)/token/
s/(p->src_tok_offset + token)/token/
