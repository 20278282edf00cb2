# file: flash_attn_prefill.cl flash_attn_prefill.comp flash_attn_prefill_cpu_body.h
# The weights of a key tile meet its V rows in the opposite order.
s/&prob\[(ty + r \* TQ) \* LP + j\]/\&prob[(ty + r * TQ) * LP + BK - 4 - j]/
s/prob\[(ty + r \* TQ) \* LP + j\]/prob[(ty + r * TQ) * LP + BK \/ 4 - 1 - j]/
s/vf_set1(p\[j \* QW + i\])/vf_set1(p[(n - 1 - j) * QW + i])/
