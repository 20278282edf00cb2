# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The sum of squares takes in the first element or group of the next row.
0,/i < n; i += WG/s//i <= n; i += WG/
0,/x, at + i, n - i)/s//x, at + i, n - i + 1)/
