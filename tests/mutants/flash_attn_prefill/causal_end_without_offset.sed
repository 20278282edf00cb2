# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Key tiles end where they would without an offset of the queries.
s/(qt + 1) \* BQ + p\.q_offset + BK - 1/(qt + 1) * BQ + BK - 1/
s/(qt + 1) \* bq + (int64_t)p->q_offset/(qt + 1) * bq/
