# file: sdpa.cl sdpa.comp sdpa_cpu_body.h
# Chunks begin at the first key that is attended, rounded up.
s|base = lo / KEYS \* KEYS;|base = (lo + KEYS - 1) / KEYS * KEYS;|
s|base = lo / ATTEND_KEYS \* ATTEND_KEYS;|base = (lo + ATTEND_KEYS - 1) / ATTEND_KEYS * ATTEND_KEYS;|
