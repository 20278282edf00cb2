# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp flash_attn_vec_reduce_tq_hb_undo_cpu_body.h
# The last group is left out of the sum of values.
s/attend_merge_columns(&w, tmp, r, p.nwg, /attend_merge_columns(\&w, tmp, r, p.nwg - 1, /
s/attend_merge_columns(r, p.nwg, /attend_merge_columns(r, p.nwg - 1, /
s/p->nwg, dim, out)/p->nwg - 1, dim, out)/
