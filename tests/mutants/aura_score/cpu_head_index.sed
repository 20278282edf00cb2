# file: aura_score_cpu_body.h
# Every head of the group takes the first query.
s/dot(q + r \* pad/dot(q/
