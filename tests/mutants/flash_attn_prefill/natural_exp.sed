# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_f32.h flash_attn_prefill_cpu_pairs.h
# Weights are exp of scores in base 2.
s/= exp2(s\[r \* CK + c\] - top)/= exp(s[r * CK + c] - top)/
s/exp2(x - top)/exp(x - top)/
s/vf_exp2(vf_load_f32(s + j \* QW) - m)/vf_exp2((vf_load_f32(s + j * QW) - m) * vf_set1(LOG2E))/
