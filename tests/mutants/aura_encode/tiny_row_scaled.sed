# file: aura_encode.cl aura_encode.comp
# A row of almost no length has a direction.
s/ > 1e-8f* ? 1.0/ > 1e-20f ? 1.0/; s/1e-20f ? 1.0 /1e-20 ? 1.0 /
