# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# The key tile in which the last query of a tile finds its own position is left out where it is not full.
s/p\.q_offset + BK - 1) \/ BK/p.q_offset) \/ BK/
s/(qt + 1) \* bq + (int64_t)p->q_offset) : kl/((qt + 1) * bq + (int64_t)p->q_offset) \/ bk * bk) : kl/
