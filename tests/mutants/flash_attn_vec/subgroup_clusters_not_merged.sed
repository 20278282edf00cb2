# file: flash_attn_vec_subgroup.comp
# Only one cluster of each subgroup counts.
s/d = TX; d < SG; d \*= 2/d = TX; d < TX; d *= 2/
