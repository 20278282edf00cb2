# file: flash_attn_prefill_cpu_pairs.h
# Both halves of a pair of weights are the first one.
s/vo_round(first, second);/vo_round(first, first);/
