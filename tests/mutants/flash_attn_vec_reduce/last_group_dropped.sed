# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# The sums leave out the last group.
s/for (; g < groups; g++) o +=/for (; g + 1 < groups; g++) o +=/
s/for (uint g = 0; g < groups; g++) o +=/for (uint g = 0; g + 1 < groups; g++) o +=/
s/const int64_t n = 4 \* groups;/const int64_t n = 4 * groups - 4;/
