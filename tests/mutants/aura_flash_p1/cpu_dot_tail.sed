# file: aura_flash_p1_cpu_body.h
# The dot product leaves out what two vectors do not cover.
s/for (; i < n; i += VL)/for (; i + 2 * VL < n; i += VL)/
