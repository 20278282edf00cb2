# file: common/attend.cl.h common/attend.glsl
/barrier.*part is complete/d
