# file: aura_flash_p1.cl aura_flash_p1.comp
# One token of the future is visible.
s/p.q_position + 1)/p.q_position + 2)/
