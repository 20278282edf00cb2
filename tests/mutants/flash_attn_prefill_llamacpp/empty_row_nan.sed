# file: flash_attn_prefill_llamacpp.cl flash_attn_prefill_llamacpp.comp flash_attn_prefill_llamacpp_cpu_body.h
# A row that attends nothing is 0 / 0.
s/s.l\[r\] == 0.0f ? 0.0f : //
s/l\[r\] == 0.0 ? 0.0 : //
s/t.l\[i\] == 0 ? 0 : //
