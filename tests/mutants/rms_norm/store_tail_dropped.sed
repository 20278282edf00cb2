# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# The last element or group of a row is not written.
/inv = /,$s/i < n; i += WG/i + 1 < n; i += WG/
