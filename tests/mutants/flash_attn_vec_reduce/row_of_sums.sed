# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# Every row reads the first row's sums of weights.
s/(rows \* d + 2 \* r) \* groups/(rows * d + 0 * r) * groups/
