# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
s/sm\[2 \* g + 1\]/sm[2 * g + 0]/g
s/sm\[2 \* t + 1\]/sm[2 * t + 0]/
s/tmp\[sm + 2 \* g + 1\]/tmp[sm + 2 * g + 0]/
s/tmp\[sm + 2 \* t + 1\]/tmp[sm + 2 * t + 0]/
