# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
# The scale covers the mask too.
s/\* p.scale + LOADMV/* p.scale + p.scale * LOADMV/
s/\* p.scale + LOAD2/* p.scale + p.scale * LOAD2/
s/vf_load(MXB_BF16, mask, i))/vf_load(MXB_BF16, mask, i) * scale)/
