# file: aura_flash_p1_cpu_body.h
# The output is not rescaled when the maximum rises.
s/vf_load_f32(w->o + r \* w->hd + d) \* old/vf_load_f32(w->o + r * w->hd + d)/
