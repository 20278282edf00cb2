# file: scale_mask_softmax.cl scale_mask_softmax.comp
# Work items' sums are added as if they had one maximum.
s/z == 0.0f ? 0.0f : z \* exp(m - top)/z/
s/z == 0.0 ? 0.0 : z \* exp(m - top)/z/
