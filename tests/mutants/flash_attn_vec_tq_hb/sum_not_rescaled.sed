# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# S is not rescaled when the maximum rises.
s/l\[r\] \*= f;/;/
s/sum = t->l\[r\] \* factor/sum = t->l[r]/
