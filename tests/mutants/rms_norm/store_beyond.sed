# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# One element or group past the end of a row is written too: past the end of y in the last row.
/inv = /,$s/i < n; i += WG/i <= n; i += WG/
s/vf_store_part(dt, y, at + i, n - i,/vf_store_part(dt, y, at + i, n - i + 1,/
