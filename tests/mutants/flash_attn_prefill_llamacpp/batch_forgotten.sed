# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# Keys and values are those of the first sequence.
s/b \* p.n_kv_heads + h/h/
s/b \* p->n_kv_heads + h/h/
