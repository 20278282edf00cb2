# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h
# A group takes neighbouring chunks.
s/(chunk0 + (g + groups - chunk0 % groups) % groups) \* KEYS; base < n; base += groups \* KEYS/g * 64; base < min(n, g * 64 + 64); base += KEYS/
s/(chunk0 + skip) \* ATTEND_KEYS; base < n; base += groups \* ATTEND_KEYS/(chunk0 - chunk0 + g * 2 + skip - skip) * ATTEND_KEYS; base < n \&\& base < (g * 2 + 2) * ATTEND_KEYS; base += ATTEND_KEYS/
