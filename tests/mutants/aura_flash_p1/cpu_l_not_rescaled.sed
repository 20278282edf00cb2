# file: aura_flash_p1_cpu_body.h
# The sum is not rescaled when the maximum rises.
s/w->l\[r\] \* old + /w->l[r] + /
