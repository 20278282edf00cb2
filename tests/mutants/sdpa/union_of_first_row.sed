# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# Keys are read as far as the first row attends them.
s/hi = max(hi, w.hi\[r\]);//
s/hi = max(hi, row_hi\[r\]);//
s/hi = t.hi\[i\] > hi ? t.hi\[i\] : hi;/hi = t.hi[0];/
