# file: aura_score_cpu_body.h
# The norm is not applied.
s/, pad) \* norm/, pad)/
