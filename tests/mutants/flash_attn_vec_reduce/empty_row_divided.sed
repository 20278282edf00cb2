# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# A row without keys is 0 / 0.
s/z == 0.0f ? 0.0f : 1.0f/1.0f/
s/z == 0.0 ? 0.0 : 1.0/1.0/
s/z == 0 ? 0 : 1/1/
