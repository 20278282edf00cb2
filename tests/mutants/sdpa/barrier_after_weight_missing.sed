# file: common/attend.cl.h common/attend.glsl
/barrier.*weight is complete/d
