# file: aura_value.cl aura_value.comp
# No token is skipped.
s/if (w >= p.sparse_threshold)/if (true)/
