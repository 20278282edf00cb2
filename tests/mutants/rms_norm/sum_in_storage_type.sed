# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The sum of squares is rounded to the type of x at every step.
s/s += SUM_SQUARES(v)/s = ROUND_T(s + SUM_SQUARES(v))/
s/s += dot(v, v)/s = ROUND_T(s + dot(v, v))/
s/s += v \* v/s = ROUND_T(s + v * v)/
s/= vf_fma(v, v, \(acc\[.\]\))/= vf_round(dt, vf_fma(v, v, \1))/
