# file: flash_attn_vec_cpu_body.h
# The second item of a head begins with the first item's second group.
s/g0 = item \/ a->groups\[0\] \* a->spec\[S_GROUPS\], kv/g0 = item \/ a->groups[0], kv/
