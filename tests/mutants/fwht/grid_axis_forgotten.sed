# file: fwht.cl fwht.comp
# The second axis of the grid is ignored.
s/(uint)(get_group_id(1) \* get_num_groups(0) + get_group_id(0))/(uint)get_group_id(0)/
s/gl_WorkGroupID.y \* gl_NumWorkGroups.x + gl_WorkGroupID.x/gl_WorkGroupID.x/
