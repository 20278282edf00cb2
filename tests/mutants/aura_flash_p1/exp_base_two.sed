# file: aura_flash_p1.cl aura_flash_p1.comp
# exp2 for exp.
s/exp(s - next)/exp2(s - next)/
