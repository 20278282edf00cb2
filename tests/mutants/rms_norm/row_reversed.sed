# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# A row is written from its end.
s/STOREV(y, base + i,/STOREV(y, base + n - 1 - i,/
s/STOREX4(y4, base + i,/STOREX4(y4, base + n - 1 - i,/
s/STORE(y, base + i,/STORE(y, base + n - 1 - i,/
s/vf_store(dt, y, at + i,/vf_store(dt, y, at + n - VL - i,/
