# file: aura_score.cl aura_score.comp
# The last coordinate is left out.
s/d < p.dim; d++/d + 1 < p.dim; d++/
