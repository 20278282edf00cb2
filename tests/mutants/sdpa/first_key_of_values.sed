# file: common/attend.cl.h common/attend.glsl
# Values begin one group of four keys late where the range begins within the chunk.
s|(lo - base) / 4 : 0|(lo - base + 3) / 4 : 0|
