# file: aura_flash_p1.cl aura_flash_p1.comp
# The maximum of an empty block is 0.
s/STORE(m_partials, at, m)/STORE(m_partials, at, begin < end ? m : 0)/
