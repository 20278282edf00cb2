# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp rms_norm_cpu_body.h
# The sum of squares starts with whatever is there.
# equivalent on vulkan: llvmpipe starts variables at 0
s/float s = 0\.0f*;/float s;/
s/vf acc\[CHAINS\] = { 0 };/vf acc[CHAINS];/
