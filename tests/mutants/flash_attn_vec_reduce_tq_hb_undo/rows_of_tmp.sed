# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp flash_attn_vec_reduce_tq_hb_undo_cpu_body.h
# S and M are looked for one row early.
s/p.nrows, p.nwg/p.nrows - 1, p.nwg/
s/p->nrows, p->nwg/p->nrows - 1, p->nwg/
