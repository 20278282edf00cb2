# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# A row attends one key behind its last.
s/key < w->hi\[r\]/key <= w->hi[r]/
s/key < row_hi\[r\]/key <= row_hi[r]/
s/hi = t->hi\[i\] - base;/hi = t->hi[i] - base + (t->hi[i] - base < k1);/
