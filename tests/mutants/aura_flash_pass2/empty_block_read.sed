# file: aura_flash_pass2.cl aura_flash_pass2.comp
# Empty blocks are added with weight 0.
s/if (LOAD(l_partials, b) == 0.0f*) continue;//
