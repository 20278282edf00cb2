# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# Rows of V past the last key hold whatever follows, NaN of the next head among it.
s/align_K || i < words ? V\[\(.*\)\] : uvec4(0);/V[\1];/
s/load_tile(kv_tile, V + \(.*\), align_K, t);/load_tile(kv_tile, V + \1, true, t);/
