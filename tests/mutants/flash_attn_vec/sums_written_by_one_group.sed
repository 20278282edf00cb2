# file: flash_attn_vec.cl flash_attn_vec.comp flash_attn_vec_cpu_body.h
# S and M are written behind the result of one group alone.
s/if (p.nwg > 1) attend/attend/
s/if (p->nwg > 1) attend/attend/
