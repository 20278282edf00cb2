# file: hadamard_quantize_kv.cl hadamard_quantize_kv.comp hadamard_quantize_kv_cpu_body.h
# src is read as if heads came before tokens.
s/(p\.src_tok_offset + token) \* p.num_kv_heads + h/h * (p.src_tok_offset + p.n_tokens) + p.src_tok_offset + token/
s/(p->src_tok_offset + token) \* p->num_kv_heads + h/h * (p->src_tok_offset + p->n_tokens) + p->src_tok_offset + token/
