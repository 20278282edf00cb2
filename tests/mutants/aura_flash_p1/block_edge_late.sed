# file: aura_flash_p1.cl aura_flash_p1.comp
# A block reads the first token of the next.
s/min(begin + p.block_size, p.tokens)/min(begin + p.block_size + 1, p.tokens)/
