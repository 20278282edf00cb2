# file: aura_flash_p1.cl aura_flash_p1.comp
# The sum is not rescaled when the maximum rises.
s/l \*= old;//
