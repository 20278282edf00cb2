# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# Every sequence reads and writes the first.
s/(uint)get_group_id(2) \* p.seq_len/0/; s/gl_WorkGroupID.z \* p.seq_len/0/
