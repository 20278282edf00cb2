# file: flash_attn_vec_subgroup.comp
# A new maximum does not rescale the sums of values.
0,/acc\[r \* COLS + c\] \*= f;/s///
