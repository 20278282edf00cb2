# file: scale_mask_softmax.cl scale_mask_softmax.comp
# A work item's sum stays as it is when its maximum rises.
s/z \* exp(m - higher)) + SUM/z) + SUM/
s/z \* exp(last - m)) + sum/z) + sum/
