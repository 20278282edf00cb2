# file: flash_attn_vec_reduce_tq_hb_undo.cl flash_attn_vec_reduce_tq_hb_undo.comp
# The sum of values is not divided by the sum of weights.
s/const float unit = \(attend_merge_factors.*\);/const float unit = 1.0f + 0.0f * \1;/
