# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
s| + p\.eps||
