# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
s|unit = 1.0f / s.l\[r\]|unit = 1.0f|
s|unit = 1.0 / l\[r\]|unit = 1.0|
s|unit = 1 / t->l\[i\]|unit = 1|
