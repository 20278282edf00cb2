# file: aura_flash_p1_cpu_body.h
# One token of the future is visible.
s/end > (int64_t)p->q_position + 1) end = (int64_t)p->q_position + 1/end > (int64_t)p->q_position + 2) end = (int64_t)p->q_position + 2/
