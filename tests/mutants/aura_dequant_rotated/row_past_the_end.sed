# file: aura_dequant_rotated.cl
# A row past the last is written.  On Vulkan the device drops the
# write or the row is written over: not for the .comp file.
s/row >= p.heads \* p.tokens/row > p.heads * p.tokens/
