# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# Mask rows are taken for seq_len_q long.
s/(size_t)row \* p\.seq_len_k/(size_t)row * p.seq_len_q/
s/(mask_head + row) \* p\.seq_len_k/(mask_head + row) * p.seq_len_q/
s/i \* t->p->seq_len_k + t->k0/i * t->p->seq_len_q + t->k0/
