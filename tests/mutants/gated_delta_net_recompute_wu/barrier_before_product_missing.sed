# file: gated_delta_net_recompute_wu.comp
# The product begins before the operand is complete.  PoCL shows no difference: not for the .cl file.
0,/barrier/!{/^        barrier/d}
