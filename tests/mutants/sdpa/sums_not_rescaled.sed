# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# The weighted sums stay as they are when the maximum rises.
/acc\[r \* COLS + c\] \*= f;/s/\*= f/*= 1/
s/ \* t->f\[i + h\];/;/
