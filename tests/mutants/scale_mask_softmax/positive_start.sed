# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# The maximum starts at 0.
s/float m = -MAXFLOAT/float m = 0.0f/
s/vf_set1(-INFINITY)/vf_set1(0)/
