# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The sum of squares leaves out the last element or group of four.
0,/i < n; i += WG/s//i + 1 < n; i += WG/
0,/i < n; i += VL/s//i + VL <= n; i += VL/
