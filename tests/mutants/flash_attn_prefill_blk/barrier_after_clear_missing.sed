# file: flash_attn_prefill_blk.cl flash_attn_prefill_blk.comp
# Some work items report what they saw before it is cleared.
# equivalent on opencl vulkan: the CPU devices run the items of a group in order up to a barrier, the clearing one first
0,/^    barrier(.*);$/{//d}
