# file: aura_flash_p1.cl aura_flash_p1.comp
# Weights are one percent too large.
s/? exp(s - next)/? 1.01f * exp(s - next)/
