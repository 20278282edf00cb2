# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The weight is not applied.
s|#if HAS_W|#if 0|
s|if (a->spec\[S_HAS_W\])|if (0)|
