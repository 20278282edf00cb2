# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# A work item takes the maximum of the first work item of its row group only.
s/for (uint i = 0; i < TX; i++) top/for (uint i = 0; i < 1; i++) top/
s/for (uint i = 0; i < TX \/ 4; i++) top4/for (uint i = 0; i < 1; i++) top4/
