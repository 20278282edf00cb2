# file: common/attend_merge.cl.h common/attend_merge.glsl
/barrier/d
