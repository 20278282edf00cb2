# file: aura_value.cl aura_value.comp
# The norm is not applied.
s/ \* LOAD(norms, first + i)//
