# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_vectors.h
# The words of a V row that a work item multiplies are not those that it writes.
s/&v_tile\[j \* LD + tx + n \* TX\]/\&v_tile[j * LD + tx + (CO - 1 - n) * TX]/
s/kv_tile\[(4 \* j + e) \* LD + tx + n \* TX\]/kv_tile[(4 * j + e) * LD + tx + (CO - 1 - n) * TX]/
s/vo_load(v + j \* DW + x \* VL)/vo_load(v + j * DW + (DN - 1 - x) * VL)/
