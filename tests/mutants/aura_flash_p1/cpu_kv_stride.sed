# file: aura_flash_p1_cpu_body.h
# Heads are taken to lie as many rows apart as there are tokens.
s/p->kv_stride ? p->kv_stride : p->tokens/p->tokens/
