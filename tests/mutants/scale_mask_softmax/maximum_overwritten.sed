# file: scale_mask_softmax.comp scale_mask_softmax.cl
# The maximum's place takes a sum before all work items have read it.
/everyone has read the maximum/d
