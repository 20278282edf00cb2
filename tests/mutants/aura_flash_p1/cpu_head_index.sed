# file: aura_flash_p1_cpu_body.h
# Partial results of the group's heads change places.
s/(g \* w->rep + r) \* blocks/(g * w->rep + w->rep - 1 - r) * blocks/
