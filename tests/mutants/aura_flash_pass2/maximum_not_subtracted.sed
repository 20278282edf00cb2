# file: aura_flash_pass2.cl aura_flash_pass2.comp
# exp overflows.
s/first + step + t) - m)/first + step + t))/
