# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The last row is left out; on the CPU that of each task.
s/row >= p\.rows/row + 1 >= p.rows/
s/row < end; row++/row + 1 < end; row++/
