# file: flash_attn_prefill_mask_fill.cl flash_attn_prefill_mask_fill.comp flash_attn_prefill_mask_fill_cpu.c
# A window without the causal rule blocks the future too.
s/last = p\.causal\( != 0\)\? ?/last = p.causal != 0 || p.n_swa > 0 ?/
s/last = p->causal ?/last = p->causal || p->n_swa > 0 ?/
