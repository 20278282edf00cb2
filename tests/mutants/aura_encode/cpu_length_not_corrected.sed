# file: aura_encode_cpu_body.h
# The stored norm is the length.
s/root > 1e-8f ? length\[r\] \/ root : length\[r\]/length[r]/
