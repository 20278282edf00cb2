# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# Rows start where a multiple of four elements does.
s|base = row \* n|base = row * (n / 4 * 4)|
s|at = row \* p->dim|at = row * (p->dim / 4 * 4)|
