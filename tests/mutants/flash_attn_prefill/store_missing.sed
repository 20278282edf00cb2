# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_body.h
# Nothing is written.
s/^\( *\)O\[(ty + r \* TQ) \* U.*/\1;/
s/O\[base + row \* U + tx + n \* TX\] = narrow(x);/narrow(x);/
s/vf_store(dt, out, .*/(void)x, (void)l, (void)out;/
