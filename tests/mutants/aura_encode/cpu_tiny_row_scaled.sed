# file: aura_encode_cpu_body.h
# A row of almost no length has a direction.
s/length\[r\] > 1e-8f ? 1/length[r] > 1e-20f ? 1/
