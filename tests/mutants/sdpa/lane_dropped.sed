# file: common/attend.cl.h common/attend.glsl
# The last lane's partial product is lost.
s/x < TX; x++/x + 1 < TX; x++/
