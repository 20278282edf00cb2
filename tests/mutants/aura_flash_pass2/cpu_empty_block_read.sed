# file: aura_flash_pass2_cpu_body.h
# Empty blocks are added with weight 0.
s/if (element(dt, a->buf\[T_L\], h \* n + b) == 0) continue;//
