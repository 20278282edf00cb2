# file: aura_dequant_rotated_cpu_body.h
# The norm is not applied.
s/vf_load_f32(w->row + d) \* norm/vf_load_f32(w->row + d)/
