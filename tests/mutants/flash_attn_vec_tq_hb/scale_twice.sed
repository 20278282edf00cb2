# file: flash_attn_vec_tq_hb.cl flash_attn_vec_tq_hb.comp flash_attn_vec_tq_hb_cpu_body.h
# scale is applied twice.
s/? x \* scale :/? x * scale * scale :/
s/? x \* p.scale :/? x * p.scale * p.scale :/
s/\* t->p->scale;/* t->p->scale * t->p->scale;/
