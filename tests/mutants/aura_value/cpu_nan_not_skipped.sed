# file: aura_value_cpu_body.h
# A NaN weight counts.
s/!(weight >= p->sparse_threshold)/weight < p->sparse_threshold/
