# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp flash_attn_vec_reduce_tq_hb_undo_cpu_body.h
# The signs are forgotten.
s/tq_signed(x\[c\] \* TQ_INV_SQRT, c)/x[c] * TQ_INV_SQRT/
s/tq_signed(x\[\([^]]*\)\] \* tq_inv_sqrt, [^)]*)/(x[\1] * tq_inv_sqrt)/
/tq_flip_signs/d
