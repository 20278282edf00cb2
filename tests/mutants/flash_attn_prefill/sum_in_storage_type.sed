# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The sum of the weights is rounded to T at every step.
s/st->l\[r\] += \(.*\);/st->l[r] = ROUND_T(st->l[r] + \1);/
s/l\[r\] = fma(l\[r\], f\[r\], sum\[r\]);/l[r] = ROUND_T(fma(l[r], f[r], sum[r]));/
s/vf_store_f32(t->l + i, \(.*\));/vf_store_f32(t->l + i, vf_round(t->dt, \1));/
