# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h flash_attn_vec_subgroup.comp
# Partial sums are divided by their sum of weights.
s/unit = p.nwg > 1 ? 1.0f : /unit = /
s/unit = p.nwg > 1 ? 1.0 : /unit = /
s/factor = p->nwg > 1 ? 1 : /factor = /
s/if (p.nwg == 1) a \*=/a *=/
