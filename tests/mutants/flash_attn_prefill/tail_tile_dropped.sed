# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# A last key tile that is not full is left out.
s/end = \(CAUSAL\|do_causal\) ? min(nk, \(.*\)) : nk;/end = min(p.seq_len_k \/ BK, \1 ? \2 : nk);/
s/kb \* bk < end; kb++/kb * bk + (bk <= kl ? bk - 1 : 0) < end; kb++/
