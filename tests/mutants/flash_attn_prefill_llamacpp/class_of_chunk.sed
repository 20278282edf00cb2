# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# Classes are taken per 32 keys.
s|base / 64\]|base / 32]|
s|base / TILE_KEYS\]|base / ATTEND_KEYS]|
