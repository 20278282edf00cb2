# file: flash_attn_prefill_cpu_pairs.h
# The last row of V is missing where it is the second of its pair.
s/if (j + 1 < t->keys) memcpy/if (j + 2 < t->keys) memcpy/
