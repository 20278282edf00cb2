# file: aura_score_cpu_body.h
# The last key of a part is left out.
s/t < end; t++/t + 1 < end; t++/
