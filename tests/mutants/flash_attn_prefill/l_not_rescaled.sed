# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The sum of weights so far stays at the scale of the old maximum.
s/st->l\[r\] \*= f;//
s/fma(l\[r\], f\[r\], sum\[r\])/l[r] + sum[r]/
s/vf_fma(vf_load_f32(t->l + i), f, sum)/vf_load_f32(t->l + i) + sum/
