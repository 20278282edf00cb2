# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# Keys behind the last whole chunk are lost.
s/base < hi; base += KEYS/base + KEYS <= hi; base += KEYS/
s/base < hi; base += ATTEND_KEYS/base + ATTEND_KEYS <= hi; base += ATTEND_KEYS/
