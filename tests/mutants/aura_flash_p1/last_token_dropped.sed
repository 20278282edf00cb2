# file: aura_flash_p1.cl aura_flash_p1.comp
# The last token of a block does not count.
s/const bool valid = first + t < end;/const bool valid = first + t + 1 < end;/
