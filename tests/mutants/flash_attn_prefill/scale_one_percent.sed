# file: flash_attn_prefill.cl flash_attn_prefill.comp flash_attn_prefill_cpu_body.h
s/p\(\.\|->\)scale \* LOG2E/p\1scale * LOG2E * 1.01f/
