# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h flash_attn_vec_subgroup.comp
s/unit = p.nwg > 1 ? 1.0f : .*;/unit = 1.0f;/
s/unit = p.nwg > 1 ? 1.0 : .*;/unit = 1.0;/
s/factor = p->nwg > 1 ? 1 : .*;/factor = 1;/
s/if (p.nwg == 1) a \*=.*;//
