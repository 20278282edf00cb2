# file: aura_flash_pass2.cl aura_flash_pass2.comp
# The maximum leaves out every second block.
s/k > 0; k \/= 2/k > 1; k \/= 2/
