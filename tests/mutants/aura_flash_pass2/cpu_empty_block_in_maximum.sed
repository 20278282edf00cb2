# file: aura_flash_pass2_cpu_body.h
# Empty blocks take part in the maximum.
s/if (element(dt, a->buf\[T_L\], b) != 0) top/top/
