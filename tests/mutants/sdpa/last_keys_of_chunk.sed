# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# The values of the last four keys (one on the CPU) of a chunk are lost.
s/j < end; j += 4/j + 4 < end; j += 4/
s/for (int64_t j = k0; j < k1; j++) {/for (int64_t j = k0; j + 1 < k1; j++) {/
