# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# One group leaves sums.
s/p.nwg > 1 ? 1.0f\{0,1\} :/p.nwg >= 1 ? 1.0f :/
s/nwg > 1 ? 1 :/nwg >= 1 ? 1 :/
