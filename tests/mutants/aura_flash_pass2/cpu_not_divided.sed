# file: aura_flash_pass2_cpu_body.h
# The output is not normalised.
s/vf_load_f32(o + d) \* inverse/vf_load_f32(o + d)/
