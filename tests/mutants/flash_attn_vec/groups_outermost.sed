# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h flash_attn_vec_subgroup.comp
# tmp is laid out group by group.
s/(\((size_t)\)*head \* (d \/ 4) + u) \* groups + g/(size_t_(head) * groups + g) * (d \/ 4) + u/
s/size_t_(head)/head/
s/(r \* t->d + c) \/ 4 \* groups + g)/(r * groups + g) * t->d \/ 4 + c \/ 4)/
s/((head + r) \* (BD \/ 4) + u) \* p.nwg + g/((head + r) * p.nwg + g) * (BD \/ 4) + u/
