# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# The sum of weights stays as it is when the maximum rises.
/l\[r\] \*= f;/d
s/t->l\[i\] \* t->f\[i\] + /t->l[i] + /
