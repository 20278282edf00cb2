# file: aura_flash_pass2.cl aura_flash_pass2.comp
# The output is not normalised.
s/o\[c\] \* inverse/o[c]/
