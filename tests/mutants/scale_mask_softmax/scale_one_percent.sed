# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
s/\* p.scale + /* (1.01f * p.scale) + /
s/vf_set1(scale)/vf_set1(1.01f * scale)/
