# file: flash_attn_vec_reduce_tq_hb_undo_cpu_body.h
# The last row is not computed.
s/r < end/r + 1 < end/
