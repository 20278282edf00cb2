# file: aura_flash_pass2.cl aura_flash_pass2.comp
# The sums are added without weights.
s/? weight\[t\] \* l : 0/? l : 0/
