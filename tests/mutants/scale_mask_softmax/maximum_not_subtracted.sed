# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
s/exp(x - top) \* unit/exp(x) * unit/
s/SUM(exp(x - top))/SUM(exp(x))/
s/: exp(x - top); }/: exp(x); }/
s/(vf_load_f32(x + i) - m)/vf_load_f32(x + i)/
