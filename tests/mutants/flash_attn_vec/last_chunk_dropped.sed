# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h flash_attn_vec_subgroup.comp
# A ragged last chunk is lost.
s/base < n; base += groups/base + 32 <= n; base += groups/
s/chunk \* ATTEND_KEYS < hi; chunk = next/(chunk + 1) * ATTEND_KEYS <= hi; chunk = next/
s/(n - chunk0 \* CHUNK - 1) \/ (p.nwg \* CHUNK) + 1 : 0/(n - chunk0 * CHUNK - 1) \/ (p.nwg * CHUNK) : 0/
