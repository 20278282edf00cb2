# file: flash_attn_prefill.cl flash_attn_prefill.comp
/barrier(.*K has been used/d
