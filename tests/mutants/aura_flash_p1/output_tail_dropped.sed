# file: aura_flash_p1.cl aura_flash_p1.comp
# Only the first WG coordinates are stored.
s/if (t + c \* WG < DIM) STORE/if (c == 0 \&\& t < DIM) STORE/
