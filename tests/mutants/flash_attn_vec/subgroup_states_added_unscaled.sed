# file: flash_attn_vec_subgroup.comp
# Subgroups are added as if they had one maximum.
s/f = top == mine ? 1.0 : exp(mine - top);/f = 1.0;/
