# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The inverse is 1 % too large.
s/= rsqrt(/= 1.01f * rsqrt(/
s/= inversesqrt(/= 1.01 * inversesqrt(/
s/return inversesqrt(/return 1.01 * inversesqrt(/
s|inv = 1 / sqrtf|inv = 1.01f / sqrtf|
