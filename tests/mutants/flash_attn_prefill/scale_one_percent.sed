# file: flash_attn_prefill.cl flash_attn_prefill.comp
s/alpha = p\.scale \* LOG2E/alpha = p.scale * LOG2E * 1.01f/
