# file: aura_score.cl aura_score.comp
# Only the first WG coordinates of the query are loaded.
s/for (uint d = t; d < p.dim; d += WG) q\[d\] = LOAD(q_rot, h \* p.dim + d)/for (uint d = t; d < p.dim; d += WG) q[d] = d < WG ? LOAD(q_rot, h * p.dim + d) : 0/
