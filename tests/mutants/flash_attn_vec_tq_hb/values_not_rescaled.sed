# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# a is not rescaled when the maximum rises.
s/acc\[r \* COLS + c\] \*= f;/;/
/i < dim \&\& factor != 1/d
