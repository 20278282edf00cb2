# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_tile.h
# The causal rule takes query row 0 for position 0.
s/key > row + p\(->\|\.\)q_offset/key > row/
s/own = t->q0 + i + (int64_t)t->p->q_offset - t->k0/own = t->q0 + i - t->k0/
