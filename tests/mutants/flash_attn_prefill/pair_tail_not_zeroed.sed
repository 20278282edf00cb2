# file: flash_attn_prefill_cpu_pairs.h
# Behind an odd number of keys the last pair holds what was there before.
s/ = j + 1 < n ? \(vf_exp2.*\) : (vf){ 0 };/ = \1;/
