# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# A row that attends nothing is divided by its sum, 0.
s/st\.l\[r\] == 0\.0f ? (VEC)(0\.0f) : //
s/l\[r\] == 0\.0 ? vec4(0) : //
s/t->l\[i\] == 0 ? (vf){ 0 } : x/x/
