# file: common/attend_merge.glsl
# Of eight groups that are read at a time all take the first one's factor.
s/x\[k\] \* factor\[g + k\]/x[k] * factor[g]/
