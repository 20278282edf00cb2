# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# Scores leave out the last elements of a row.
s/4 \* u < d; u += TX/4 * u + 4 < d; u += TX/
s/if (c < t->d) {/if (false) {/
