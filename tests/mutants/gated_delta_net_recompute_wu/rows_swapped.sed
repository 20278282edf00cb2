# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# Two rows of each block of four are swapped.
s/+= a\.y \* s/+= a.z * s/
