# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# The mask is left out of mixed tiles.
s/class != 2) add_mask/class == 0) add_mask/
s/tile != 2) add_mask/tile == 0) add_mask/
