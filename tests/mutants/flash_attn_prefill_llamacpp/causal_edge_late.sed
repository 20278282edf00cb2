# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# A row attends one key of its future.
s/q0 + t + p.q_offset + 1)/q0 + t + p.q_offset + 2)/
s/own = q0 + i + p->q_offset + 1/own = q0 + i + p->q_offset + 2/
