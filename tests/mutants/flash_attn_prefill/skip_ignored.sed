# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Tiles of class 0 are computed.
# equivalent on cpu opencl vulkan: a tile without an attended key changes no bit, as the op's tables promise; only time is lost
s/\(SKIP\|skip\) && kb < end/false \&\& kb < end/
s/if (blk && blk\[kb\] == 0)/if (false)/
