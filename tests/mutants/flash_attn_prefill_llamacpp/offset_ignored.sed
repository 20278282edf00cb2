# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
s/ + p.q_offset//g
s/ + p->q_offset//
