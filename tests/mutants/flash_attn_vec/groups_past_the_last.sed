# file: flash_attn_vec_cpu_body.h
# The last item of a head takes as many groups as the others.
s/groups = p->nwg - g0 < a->spec\[S_GROUPS\] ? p->nwg - g0 : /groups = /
