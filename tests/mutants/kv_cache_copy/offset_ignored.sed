# file: kv_cache_copy.cl kv_cache_copy.comp kv_cache_copy_cpu_body.h
# Tokens are read from the start of src.
s/p.src_tok_offset \* p.n_heads \* d + i/i/
s/(p->src_tok_offset + token)/token/
