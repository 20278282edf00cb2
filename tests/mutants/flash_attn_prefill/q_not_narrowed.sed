# file: flash_attn_prefill_cpu_body.h
# Q times alpha is not rounded to T.
s/vf_round(dt, x \* alpha)/x * alpha/
