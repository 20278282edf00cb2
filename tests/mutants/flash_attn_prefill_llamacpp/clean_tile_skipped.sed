# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# Tiles that the mask leaves open are skipped.
s/if (class == 0) continue;/if (class != 1) continue;/
s/if (tile == 0) continue;/if (tile != 1) continue;/
