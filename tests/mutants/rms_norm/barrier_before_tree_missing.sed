# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# Partial sums are read before all of them are written.
# equivalent on opencl: PoCL puts a barrier of its own before a loop that holds one
0,/^    barrier(.*);$/{//d}
