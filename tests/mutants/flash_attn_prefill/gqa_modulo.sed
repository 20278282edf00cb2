# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Query heads take key heads in turn, not in groups.
s/h \/ (p\(\.\|->\)n_heads \/ p\(\.\|->\)n_kv_heads)/h % p\1n_kv_heads/
