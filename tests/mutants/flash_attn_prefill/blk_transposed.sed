# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The tile classes are indexed key tile first.
s/blk += qt \* nk;/blk += qt;/
s/blk_row\[kb\]/blk_row[kb * get_num_groups(1)]/
s/!SKIP || blk\[kb\]/!SKIP || blk[kb * get_num_groups(1)]/
s/blk\[blk_row + kb\]/blk[kb * gl_NumWorkGroups.y + gl_NumWorkGroups.y - 1 - gl_WorkGroupID.y]/
s/blk\[qt \* nk + kb\]/blk[kb * gl_NumWorkGroups.y + gl_NumWorkGroups.y - 1 - gl_WorkGroupID.y]/
s/a->buf\[T_BLK\] + qt \* ntiles/a->buf[T_BLK] + qt/
s/blk\[kb\] == \([02]\)/blk[kb * a->groups[0]] == \1/
