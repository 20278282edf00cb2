# file: scale_mask_softmax.cl scale_mask_softmax.comp
# The last level of a tree is left out.
s/k > 0; k \/= 2/k > 1; k \/= 2/
