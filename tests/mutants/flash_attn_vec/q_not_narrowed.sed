# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h
# Q stays f32.
s/BD, true, t)/BD, false, t)/
s/BD, true)/BD, false)/
s/r0 \* t.d, true)/r0 * t.d, false)/
