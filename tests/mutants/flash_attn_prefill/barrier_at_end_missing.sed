# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl
# The next K overwrites V before the product is done.
# equivalent on opencl: PoCL puts a barrier of its own at the end of a loop that holds one
/barrier(.*and have been used/d
