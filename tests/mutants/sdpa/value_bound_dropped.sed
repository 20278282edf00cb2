# file: common/attend.cl.h common/attend.glsl
# Rows behind the last key, which hold NaN, are read with weight 0.
s/base + j + e < hi) v\[e\]/true) v[e]/
