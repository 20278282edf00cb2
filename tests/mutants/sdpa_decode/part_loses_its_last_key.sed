# file: sdpa_decode_cpu_body.h
s/first_key(p, part + 1, parts))/first_key(p, part + 1, parts) - 1)/
