# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
s/exp(SCALED(i) - top)/exp(SCALED(i))/
s/exp(x\[k\] - top)/exp(x[k])/
s/: exp(x - top); }/: exp(x); }/
s/(vf_load_f32(x + i) - m)/vf_load_f32(x + i)/
