# file: aura_encode.cl aura_encode.comp
# The stored norm is the length.
s/root > 1e-8f* ? \(.*\) \/ root : /false ? \1 \/ root : /
