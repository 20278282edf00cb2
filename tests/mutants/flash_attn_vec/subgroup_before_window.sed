# file: flash_attn_vec_subgroup.comp
# Keys of the window's first chunk before it are attended.
s/key >= lo \&\& key < n/key < n/
