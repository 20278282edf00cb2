# file: aura_flash_p1_cpu_body.h
# Values without their norms.
s/vf_set1(w->s\[r \* STEP + j\] \* norm)/vf_set1(w->s[r * STEP + j])/
