# file: scale_mask_softmax.comp
# Maxima are read before all of them are written.  Not for OpenCL: PoCL waits before a loop that holds a barrier.
0,/^    barrier(.*);$/{//d}
