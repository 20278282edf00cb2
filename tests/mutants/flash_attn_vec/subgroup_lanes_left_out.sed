# file: flash_attn_vec_subgroup.comp
# Half of a key's products are left out.
s/d = 1; d < TX; d \*= 2/d = 1; d < TX \/ 2; d *= 2/
