# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# Partial sums are read before all of them are written.
0,/^    barrier(.*);$/{//d}
