# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# Q stays f32.
s/mxb_round_f16(\(Q\[[^]]*\]\))/\1/
s/mxb_from_f16(mxb_to_f16(\(q_in\[[^]]*\]\)))/\1/
s/vf_round(MXB_F16, \(.*\)));$/\1);/
