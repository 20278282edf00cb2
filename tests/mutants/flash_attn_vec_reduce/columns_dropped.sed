# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# The last four columns are not written.
s/u < d \/ 4; u += WG/u + 1 < d \/ 4; u += WG/
s/for (int64_t c = 0; c < d; c += 4, a/for (int64_t c = 0; c + 4 < d; c += 4, a/
