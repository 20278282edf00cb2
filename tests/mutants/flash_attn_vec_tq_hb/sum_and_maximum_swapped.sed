# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# M comes before S.
s/+ g)\] = l\[r\]/+ g)] = m[r]/; s/+ g) + 1\] = m\[r\]/+ g) + 1] = l[r]/
s/sm\[0\] = t->l\[i\]/sm[0] = t->m[i]/; s/sm\[1\] = t->m\[i\]/sm[1] = t->l[i]/
