# file: sdpa_decode_cpu_body.h
# The ragged last chunk belongs to no part.
s/(n + ATTEND_KEYS - 1) \/ ATTEND_KEYS \* part/n \/ ATTEND_KEYS * part/
