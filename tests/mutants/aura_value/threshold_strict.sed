# file: aura_value.cl aura_value.comp
# A weight equal to the threshold is skipped.
s/w >= p.sparse_threshold/w > p.sparse_threshold/
