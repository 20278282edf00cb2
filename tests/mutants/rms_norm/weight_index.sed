# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# Every step of a work item takes the weights of its first step.
s|LOADWV(w, i)|LOADWV(w, t)|
s|WEIGHT4(i))|WEIGHT4(t))|
s|WEIGHT(i))|WEIGHT(t))|
s|vf_load(wdt, w, i)|vf_load(wdt, w, 0)|
