# file: aura_value_cpu_body.h
# A weight equal to the threshold is skipped.
s/weight >= p->sparse_threshold/weight > p->sparse_threshold/
