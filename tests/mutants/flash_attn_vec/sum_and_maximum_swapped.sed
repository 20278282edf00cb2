# file: common/attend_split.cl.h common/attend_split.glsl common/attend_split_cpu.h flash_attn_vec_subgroup.comp
s/sm\[0\] = s->l/sm[0] = s->m/
s/sm\[1\] = s->m/sm[1] = s->l/
s/sm\[0\] = t->l/sm[0] = t->m/
s/sm\[1\] = t->m/sm[1] = t->l/
s/tmp\[sm\] = l\[r\]/tmp[sm] = m[r]/
s/tmp\[sm + 1\] = m\[r\]/tmp[sm + 1] = l[r]/
s/tmp\[sm\] = z/tmp[sm] = top/
s/tmp\[sm + 1\] = top/tmp[sm + 1] = z/
