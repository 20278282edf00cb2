# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The output is not divided by the sum of the weights.
s/st\.o\[r \* CO + n\] \/ st\.l\[r\]/st.o[r * CO + n]/
s/o\[(r \* CO + n) \* NV + v\] \/ l\[r\]/o[(r * CO + n) * NV + v]/
s/vf_load_f32(t->o + i \* t->d + d) \/ l;/vf_load_f32(t->o + i * t->d + d) + 0 * l;/
