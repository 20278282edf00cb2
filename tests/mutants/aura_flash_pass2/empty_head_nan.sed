# file: aura_flash_pass2.cl aura_flash_pass2.comp
# A head without blocks divides by 0.
s/total > 0.0f* ? \(1.0f*\) \/ total : 0.0f*/\1 \/ total/
