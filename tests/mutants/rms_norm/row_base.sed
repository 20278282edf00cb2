# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# Rows start where a multiple of four elements does.
s|base = row \* n|base = row * (n / 4 * 4)|
