# file: aura_flash_p1_cpu_body.h
# Stale scores behind the last token count.
s/s\[j\] = -INFINITY;/s[j] = m;/
