# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# The maximum leaves out the last group: exp overflows where it is the largest by far.
s/for (uint g = 0; g < groups; g++) m =/for (uint g = 0; g + 1 < groups; g++) m =/
s/for (int64_t g = 0; g < groups; g++) m =/for (int64_t g = 0; g + 1 < groups; g++) m =/
