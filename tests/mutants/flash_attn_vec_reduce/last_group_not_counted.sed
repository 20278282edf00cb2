# file: common/attend_merge.cl.h common/attend_merge.glsl common/attend_split_cpu.h
# The total weight leaves out the last group.
s/for (uint g = 0; g < groups; g++) z +=/for (uint g = 0; g + 1 < groups; g++) z +=/
s/z += sm\[2 \* g\] \* e;/z += g + 1 < groups ? sm[2 * g] * e : 0;/
