# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# eps is not added.
s| + p\.eps||
s| + p->eps||
