# file: common/attend.cl.h common/attend.glsl
# A work item has only its first group of columns.
s/const uint u = t + c \* WG;/const uint u = t;/
s/const uint u = gl_LocalInvocationID.x + c \* WG;/const uint u = gl_LocalInvocationID.x;/
