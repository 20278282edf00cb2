# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# scale * log2(e) is not rounded to T before the product with Q.
s/ROUND_T(alpha)/alpha/
s/vf alpha = vf_round(dt, \(.*\));/vf alpha = \1;/
