# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
s/s \* scale/s * (1.01f * scale)/
s/attend_sums(acc, hn \* kn, t->scale/attend_sums(acc, hn * kn, 1.01f * t->scale/
