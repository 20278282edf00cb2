# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The weight is an offset from 1, as some models have it.
s|v \*= LOADWV(w, i)|v *= 1.0f + LOADWV(w, i)|
s|inv \* WEIGHT4(i)|inv * (1.0 + WEIGHT4(i))|
s|inv \* WEIGHT(i)|inv * (1.0 + WEIGHT(i))|
s|v \* vf_load|v * (1 + vf_load|;/(1 + vf_load/s| : v);|) : v);|
