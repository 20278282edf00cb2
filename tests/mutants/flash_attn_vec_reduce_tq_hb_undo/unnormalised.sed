# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp flash_attn_vec_reduce_tq_hb_undo_cpu_body.h
# The product by 1 / sqrt(DIM) is left out.
s/ \* TQ_INV_SQRT//
s/ \* tq_inv_sqrt//g
s/tq_inv_sqrt(dim)/1/
