# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# The sum of weights is kept in 16 bits.
s/^\( *\)s->l\[r\] += \(.*\);/\1s->l[r] = mxb_round_bf16(s->l[r] + (\2));/
s/^\( *\)l\[r\] += \(.*\);/\1l[r] = mxb_from_bf16(mxb_to_bf16(l[r] + (\2)));/
s/^\( *\)t->l\[i\] = \(t->l.*\);/\1t->l[i] = vf_round(MXB_BF16, vf_set1(\2))[0];/
