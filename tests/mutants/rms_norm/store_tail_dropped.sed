# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The last element or group of a row is not written.
/inv = /,$s/i < n; i += WG/i + 1 < n; i += WG/
s/if (i < n) {/if (i + 1 < n) {/
