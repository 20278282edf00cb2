# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp
# Rows of the result are one tile too short.
s/(uint)get_num_groups(0)/& - 1/
s/gl_NumWorkGroups\.x/& - 1/
