# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# A key that is not attended counts with weight e^-4.
s/x == -INFINITY ? 0.0f : exp(x - top)/exp(fmax(x - top, -4.0f))/
s/x == MINUS_INF ? 0.0 : exp(x - top)/exp(max(x - top, -4.0))/
s/s\[j\] = -INFINITY;/s[j] = top - 4;/
