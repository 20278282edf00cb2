# file: rms_norm.comp rms_norm_subgroup.comp
# Partial sums are read before all of them are written.  Not for OpenCL: PoCL waits before a loop that holds a barrier.
0,/^    barrier(.*);$/{//d}
