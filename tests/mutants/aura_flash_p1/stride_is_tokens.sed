# file: aura_flash_p1.cl aura_flash_p1.comp
# Heads are taken to lie as many rows apart as there are tokens.
s/p.kv_stride != 0 ? p.kv_stride : p.tokens/p.tokens/
