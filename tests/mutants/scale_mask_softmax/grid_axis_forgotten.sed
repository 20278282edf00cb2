# file: scale_mask_softmax.cl scale_mask_softmax.comp
# The second axis of the grid does not count.
s|get_group_id(1) \* get_num_groups(0) + ||
s|gl_WorkGroupID\.y \* gl_NumWorkGroups\.x + ||
