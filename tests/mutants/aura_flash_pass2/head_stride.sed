# file: aura_flash_pass2.cl aura_flash_pass2.comp
# Heads are one block too near.
s/first = head \* p.num_blocks/first = head * (p.num_blocks - 1)/; s/first = h \* p.num_blocks/first = h * (p.num_blocks - 1)/
