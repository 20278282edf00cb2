# file: common/attend_merge.glsl
# Factors take the place of the maxima before everyone has read those.
/everyone has read/d
