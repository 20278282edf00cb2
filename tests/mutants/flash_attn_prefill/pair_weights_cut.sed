# file: flash_attn_prefill_cpu_pairs.h
# Of the weights three bits of fraction are kept.
s/pair = vo_round(first, second);/pair = vo_round(first, second) \& 0xfff0fff0;/
