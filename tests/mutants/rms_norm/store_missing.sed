# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# Nothing is written.
/STOREV(y, base/d
/STOREX4(y4, base/d
/else STORE(y, base/d
s/vf_store\(_part\)*(dt, y,/if (n < 0) &/
