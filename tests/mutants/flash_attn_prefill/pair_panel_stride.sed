# file: flash_attn_prefill_cpu_pairs.h
# The pairs of V lie where whole rows would.
s/(t->bk_pad \/ PER) + j \/ PER \* DW/t->bk_pad + j \/ PER * DW/
