# file: aura_flash_pass2.cl aura_flash_pass2.comp
# Empty blocks take part in the maximum.
s/if (LOAD(l_partials, first + b) != 0.0f*) m = /m = /
