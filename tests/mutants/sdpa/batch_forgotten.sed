# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
s/get_group_id(2) \* get_num_groups(1) + //
s/gl_WorkGroupID.z \* gl_NumWorkGroups.y + //
s|kv_head = item / a->groups\[0\]|kv_head = item / a->groups[0] % p->n_kv_heads|
