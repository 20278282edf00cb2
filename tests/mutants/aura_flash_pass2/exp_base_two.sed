# file: aura_flash_pass2.cl aura_flash_pass2.comp
# exp2 for exp.
s/exp(/exp2(/
