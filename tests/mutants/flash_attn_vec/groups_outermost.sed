# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h
# tmp is laid out group by group.
s/(\((size_t)\)*head \* (d \/ 4) + u) \* groups + g/(size_t_(head) * groups + g) * (d \/ 4) + u/
s/size_t_(head)/head/
s/(r \* t->d + c) \/ 4 \* groups + g)/(r * groups + g) * t->d \/ 4 + c \/ 4)/
