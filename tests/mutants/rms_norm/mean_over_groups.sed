# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# The sum is divided by the number of groups, not of elements.
s|(float)p\.dim|(float)n|
s|sum / float(p\.dim)|sum / float(p.dim / VEC)|
s|float(p\.dim)|float(n)|
