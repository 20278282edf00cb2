# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
s/exp(x - top)/exp(x)/
s/(vf_load_f32(s + j) - top)/vf_load_f32(s + j)/
