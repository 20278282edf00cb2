# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
s/s \* scale/s * (1.01f * scale)/
s/t->scale \* vf_sum/1.01f * t->scale * vf_sum/
