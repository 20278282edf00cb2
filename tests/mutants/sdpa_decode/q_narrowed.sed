# file: sdpa_decode.cl sdpa_decode.comp sdpa_decode_cpu_body.h
# Q is narrowed to f16, as flash_attn_vec does.
s/d, false, t)/d, true, t)/
s/ROWS, d, false)/ROWS, d, true)/
s/r0 \* t.d, false)/r0 * t.d, true)/
