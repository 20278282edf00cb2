# file: aura_value.cl
# Coordinates past the last are written.  On Vulkan the device drops the
# write or the row is written over: not for the .comp file.
s/slice == 0 \&\& d < p.dim/slice == 0/
