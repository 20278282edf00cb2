# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# tmp is read group by group.
s/(r \* (d \/ 4) + u) \* groups;/r * groups * (d \/ 4) + u;/
s/a\[g\] \* w/a[g * (d \/ 4)] * w/
s/tmp4\[a + g + k\]/tmp4[a + (g + k) * (d \/ 4)]/
s/tmp4\[a + g\]/tmp4[a + g * (d \/ 4)]/
s/c += 4, a += 4 \* groups)/c += 4, a += 4)/
