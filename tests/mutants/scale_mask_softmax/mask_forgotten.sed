# file: scale_mask_softmax.cl scale_mask_softmax.comp scale_mask_softmax_cpu_body.h
s/ + LOADMV(mask, mask_base + i)/ + 0.0f * LOADMV(mask, mask_base + 0)/
s/ + LOAD2X4(mask4, mask_base + i)//
s/ + LOAD2(mask, mask_base + i)//
s/vf_load(MXB_BF16, mask, i)/vf_set1(0)/
