# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# Every step of a work item takes the weights of its first step.
s|LOADWV(w, i)|LOADWV(w, t)|
s|WEIGHT4(i))|WEIGHT4(t))|
s|WEIGHT(i))|WEIGHT(t))|
