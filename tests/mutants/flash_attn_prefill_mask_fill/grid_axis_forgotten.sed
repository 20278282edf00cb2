# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp
# The second axis of the grid does not count.
s/get_group_id(1) \* get_num_groups(0) + //
s/gl_WorkGroupID\.y \* gl_NumWorkGroups\.x + //
