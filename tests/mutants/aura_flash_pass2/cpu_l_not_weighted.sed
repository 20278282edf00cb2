# file: aura_flash_pass2_cpu_body.h
# The sums are added without weights.
s/l != 0 ? weight\[b\] \* l : 0/l/
