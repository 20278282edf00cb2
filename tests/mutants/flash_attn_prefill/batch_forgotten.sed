# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Every sequence reads the keys and values of the first.
s/b \* p\(\.\|->\)n_kv_heads + //
