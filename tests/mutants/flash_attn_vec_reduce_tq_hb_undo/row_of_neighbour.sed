# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp
# Rows are written in reverse order.
s/out\[(size_t)r \*/out[(size_t)(p.nrows - 1 - r) */
s/result\[r \*/result[(p.nrows - 1 - r) */
