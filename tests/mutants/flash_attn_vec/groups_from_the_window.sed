# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h flash_attn_vec_subgroup.comp
# Group 0 begins with the window's first chunk, not with a multiple of the groups.
s/(g + groups - chunk0 % groups) % groups/g/
s/attend_use(t, sums, chunk % groups - g)/attend_use(t, sums, (chunk - lo \/ ATTEND_KEYS) % n)/
s/(g + p.nwg - first % p.nwg) % p.nwg/g/
