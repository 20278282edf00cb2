# file: aura_dequant_rotated_cpu_body.h
# What does not fill a vector is not written.
s/if (d < dim)/if (d > dim)/
