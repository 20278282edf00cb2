# file: aura_flash_p1.cl aura_flash_p1.comp
# Keys are read with the width of values.
s/row \* KWORDS/row * VWORDS/
