# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# norm / 15.984 at DIM = 256.
s/\* TQ_INV_SQRT_256/* (TQ_INV_SQRT_256 * 1.001f)/
s/norm \/ 16 :/norm \/ 15.984f :/
