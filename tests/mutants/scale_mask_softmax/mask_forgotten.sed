# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
s/ + LOADMV(mask, mask_base + (i))/ + 0.0f * LOADMV(mask, mask_base)/
s/ + LOAD2X4(mask4, j)//
s/ + LOAD2(mask, j)//
s/vf_load(MXB_BF16, mask, i)/vf_set1(0)/
