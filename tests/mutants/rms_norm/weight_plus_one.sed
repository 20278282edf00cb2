# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# The weight is an offset from 1, as some models have it.
s|v \*= LOADWV(w, i)|v *= 1.0f + LOADWV(w, i)|
s|inv \* WEIGHT4(i)|inv * (1.0 + WEIGHT4(i))|
s|inv \* WEIGHT(i)|inv * (1.0 + WEIGHT(i))|
