# file: aura_flash_p1.cl aura_flash_p1.comp
# Values without their norms.
s/weight\[t\] \* LOAD(val_norms, row)/weight[t]/
