# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# The window is ignored without the causal rule.
s/first = p\.n_swa > 0/first = p.n_swa > 0 \&\& p.causal != 0/
s/first = p->n_swa > 0/first = p->n_swa > 0 \&\& p->causal/
