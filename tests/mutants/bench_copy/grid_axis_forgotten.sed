# file: bench_copy.cl bench_copy.comp
# The second line of workgroups copies what the first does.
s/gl_WorkGroupID\.y \* gl_NumWorkGroups\.x + //
s/(uint)get_global_id(1) \* line + //
