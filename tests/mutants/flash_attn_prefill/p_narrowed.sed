# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_f32.h
# The probabilities are rounded to T before the product with V.
s/= exp2(s\[r \* CK + c\] - top);/= ROUND_T(exp2(s[r * CK + c] - top));/
s/\[key % 4\] = w;/[key % 4] = ROUND_T(w);/
s/vf_store_f32(s + j \* QW, p);/vf_store_f32(s + j * QW, vf_round(MXB_BF16, p));/
