# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# norm is not divided by the scale factor.
s/ \/ p->scale_factor_d512;/;/
s/ \/ p.scale_factor_d512;/;/
