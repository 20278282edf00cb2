# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# Every head reads the first head's mask.
s/p.mask == 2 ? first : q0/q0/
s/p->mask == MASK_RANK4 ? row0 : q0/q0/
