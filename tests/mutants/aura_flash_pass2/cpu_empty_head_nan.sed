# file: aura_flash_pass2_cpu_body.h
# A head without blocks divides by 0.
s/total > 0 ? 1 \/ total : 0/1 \/ total/
