# file: aura_flash_p1.cl aura_flash_p1.comp
# The maximum forgets the steps before.
s/const float next = m > top\[0\] ? m : top\[0\]/const float next = top[0]/
