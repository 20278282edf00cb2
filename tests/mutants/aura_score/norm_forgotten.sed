# file: aura_score.cl aura_score.comp
# The norm is not applied.
s/ \* LOAD(norms, row)//
