# file: rms_norm.cl rms_norm.comp rms_norm_subgroup.comp
# One row too many is written where the grid has two axes.
# equivalent on vulkan: llvmpipe drops writes past the end of a binding
s|row >= p\.rows|row > p.rows|
