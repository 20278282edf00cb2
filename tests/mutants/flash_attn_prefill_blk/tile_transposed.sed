# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp
# The result is written column by column.
s/(size_t)qt \* nk + kt/(size_t)kt * get_num_groups(1) + qt/
s/qt \* nk + kt/kt * gl_NumWorkGroups.y + qt/
