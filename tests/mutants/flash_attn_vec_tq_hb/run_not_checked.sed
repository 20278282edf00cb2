# file: flash_attn_vec_tq_hb_cpu_body.h
# Slots before the run are attended.
s/(j >= s.lo0 \&\& j < s.hi0)/(j < s.hi0)/
