# file: sdpa_decode_merge.cl sdpa_decode_merge.comp sdpa_decode_cpu_body.h
# The merge reads one part less than there are.
s/p.n_heads, PARTS, p.head_dim/p.n_heads, max(PARTS - 1, 1), p.head_dim/
s/max(PARTS - 1, 1)/(PARTS > 1 ? PARTS - 1 : 1)/
s/p->n_heads, a->spec\[S_PARTS\], p->head_dim/p->n_heads, a->spec[S_PARTS] > 1 ? a->spec[S_PARTS] - 1 : 1, p->head_dim/
