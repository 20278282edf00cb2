# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_f32.h flash_attn_prefill_cpu_pairs.h flash_attn_prefill_cpu_body.h
# Weights are exp2 of the plain scores.
s/exp2(s\[r \* CK + c\] - top)/exp2(s[r * CK + c])/
s/exp2(x - top)/exp2(x)/
s/top == \(st->\)*m\[r\] ? 1\.0f* : exp2(.*);/1.0f;/
s/vf_exp2(vf_load_f32(s + j \* QW) - m)/vf_exp2(vf_load_f32(s + j * QW))/
s/f = vf_exp2(m0 - m);/f = vf_set1(1);/
