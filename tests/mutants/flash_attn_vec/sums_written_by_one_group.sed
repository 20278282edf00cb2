# file: flash_attn_vec.cl flash_attn_vec_cpu_body.h
# S and M are written behind the result of one group alone.  Not for Vulkan, whose robust buffer access drops the writes.
s/if (p.nwg > 1) attend/attend/
s/if (p->nwg > 1) attend/attend/
