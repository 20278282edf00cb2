# file: flash_attn_prefill.cl flash_attn_prefill.comp
/barrier(.*K and, the first time/d
