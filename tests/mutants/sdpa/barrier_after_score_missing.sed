# file: common/attend.cl.h common/attend.glsl
/barrier.*score is complete/d
