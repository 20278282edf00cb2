# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h flash_attn_vec_subgroup.comp
# A window is applied whatever the mask type.
s/p.mask_type == MASK_SLIDING \&\& //
s/p->mask_type == MASK_SLIDING \&\& //
