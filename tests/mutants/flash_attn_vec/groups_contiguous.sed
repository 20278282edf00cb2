# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h
# A group takes neighbouring chunks.
s/(chunk0 + (g + groups - chunk0 % groups) % groups) \* KEYS; base < n; base += groups \* KEYS/g * 64; base < min(n, g * 64 + 64); base += KEYS/
s/attend_use(t, sums, chunk % groups - g)/attend_use(t, sums, chunk \/ 2 % n)/
