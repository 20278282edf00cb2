# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# Scores leave out the last elements of a row.
s/4 \* u < d; u += TX/4 * u + 4 < d; u += TX/
s/for (int j = 0; c < t->d \&\& j < kn; j++)/for (int j = 0; false \&\& j < kn; j++)/
