# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# The bool mask is inverted in the last column.
s/if (mask_row\[key\] == 0) return/if ((mask_row[key] == 0) != (key + 1u == p.seq_len_k)) return/
s/if (uint(mask\[mask_row + key\]) == 0) return/if ((uint(mask[mask_row + key]) == 0) != (key + 1u == p.seq_len_k)) return/
s/attend\[j\] ? s/(attend[j] != 0) != (t->k0 + j + 1 == t->p->seq_len_k) ? s/
