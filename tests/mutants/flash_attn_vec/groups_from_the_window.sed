# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h
# Group 0 begins with the window's first chunk, not with a multiple of the groups.
s/(g + groups - chunk0 % groups) % groups/g/
