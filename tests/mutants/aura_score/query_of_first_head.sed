# file: aura_score.cl aura_score.comp
# Every head takes the first query.
s/LOAD(q_rot, h \* p.dim + d)/LOAD(q_rot, d)/
