# file: aura_flash_p1.cl aura_flash_p1.comp
# The maximum leaves out every second token.
s/k > 0; k \/= 2/k > 1; k \/= 2/
