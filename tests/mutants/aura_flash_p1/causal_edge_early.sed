# file: aura_flash_p1.cl aura_flash_p1.comp
# The token of the query itself is not visible.
s/p.q_position + 1)/p.q_position)/
