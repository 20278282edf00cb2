# file: aura_flash_pass2.cl aura_flash_pass2.comp
# Only the first WG coordinates are stored.
s/if (t + c \* WG < DIM) STORE/if (c == 0 \&\& t < DIM) STORE/
