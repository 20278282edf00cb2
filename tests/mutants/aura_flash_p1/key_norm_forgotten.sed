# file: aura_flash_p1.cl aura_flash_p1.comp
# Scores without the norms of keys.
s/s = dot \* LOAD(key_norms, row)/s = dot/
