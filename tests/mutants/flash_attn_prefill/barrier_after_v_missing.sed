# file: flash_attn_prefill.cl flash_attn_prefill.comp
/barrier(.*V and prob are there/d
