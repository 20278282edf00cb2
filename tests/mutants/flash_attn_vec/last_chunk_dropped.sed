# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h
# A ragged last chunk is lost.
s/base < n; base += groups/base + 32 <= n; base += groups/
