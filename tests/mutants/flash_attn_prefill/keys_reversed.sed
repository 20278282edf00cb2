# file: flash_attn_prefill.cl flash_attn_prefill_tiled.glsl flash_attn_prefill_cpu_vectors.h
# The weights of a key tile meet its V rows in the opposite order.
s/&prob\[(ty + r \* TQ) \* LP + j\]/\&prob[(ty + r * TQ) * LP + BK - 4 - j]/
s/prob\[(ty + r \* TQ) \* LP + j\]/prob[(ty + r * TQ) * LP + BK \/ 4 - 1 - j]/
s/(const operand \*)p + j \* QW + e/(const operand *)p + ((n + PER - 1) \/ PER - 1 - j) * QW + e/
