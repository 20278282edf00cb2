# file: flash_attn_vec_tq_hb_cpu_body.h
# The last query head of an item is not computed.
s/for (int64_t i = 0; i < rows; i++) store/for (int64_t i = 0; i + 1 < rows; i++) store/
