# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# The sums of weights are added as they are.
s/w->sum\[t\] = sm\[2 \* t\] \* w->factor\[t\]/w->sum[t] = sm[2 * t]/
s/sum\[t\] = tmp\[sm + 2 \* t\] \* factor\[t\]/sum[t] = tmp[sm + 2 * t]/
s/sum\[t\] \*= factor\[t\];//
s/z += sm\[2 \* g\] \* e;/z += sm[2 * g];/
