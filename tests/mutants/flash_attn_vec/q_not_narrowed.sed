# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h flash_attn_vec_subgroup.comp
# Q stays f32.
s/BD, true, t)/BD, false, t)/
s/BD, true)/BD, false)/
s/r0 \* t.d, true)/r0 * t.d, false)/
s/mxb_from_f16x4(mxb_to_f16x4(Q\[\(.*\)\]));/Q[\1];/
