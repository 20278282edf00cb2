# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp flash_attn_vec_reduce_tq_hb_undo_cpu_body.h
# 1 / sqrt(256) for both head dimensions.
s/TQ_INV_SQRT, c/TQ_INV_SQRT_256, c/
s/\* tq_inv_sqrt/* TQ_INV_SQRT_256/g
s/tq_inv_sqrt(dim)/tq_inv_sqrt(256)/
