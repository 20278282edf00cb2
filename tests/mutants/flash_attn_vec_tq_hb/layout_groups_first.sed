# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# Columns of one group lie together.
s/+ t + c \* WG) \* p.nwg + g\]/) * p.nwg + g * WORDS + t + c * WG]/
s/((r \* dim + c) \/ 4 \* nwg + t->g)/(r * dim \/ 4 * nwg + t->g * dim \/ 4 + c \/ 4)/
