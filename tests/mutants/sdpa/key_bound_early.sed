# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# A row leaves out its first key.
s/key >= w->lo\[r\]/key > w->lo[r]/
s/key >= row_lo\[r\]/key > row_lo[r]/
s/lo = t->lo\[i\] - base, hi/lo = t->lo[i] - base + 1, hi/
