# file: flash_attn_vec_subgroup.comp
# The last key is not attended.
s/key >= lo \&\& key < n/key >= lo \&\& key + 1 < n/
