# file: aura_flash_pass2.cl aura_flash_pass2.comp
# The last block is left out.
s/j < min(\(.*\), p.num_blocks - step)/j < min(\1, p.num_blocks - step - 1)/
