# file: aura_flash_p1.cl aura_flash_p1.comp
# The last block reads past the tokens.
s/min(begin + p.block_size, p.tokens)/begin + p.block_size/
