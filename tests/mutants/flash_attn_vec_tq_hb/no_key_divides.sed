# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# Without keys the result is 0 / 0.
s/l\[r\] == 0.0f\{0,1\} ? 0.0f\{0,1\} : //
s/t->l\[i\] == 0 ? 0 : //
