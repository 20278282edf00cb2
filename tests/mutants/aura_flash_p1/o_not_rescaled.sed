# file: aura_flash_p1.cl aura_flash_p1.comp
# The output is not rescaled when the maximum rises.
s/o\[c\] \*= old/o[c] *= 1/
