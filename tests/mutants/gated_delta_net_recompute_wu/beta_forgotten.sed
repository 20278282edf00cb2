# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# beta is not applied.
s/\* scale\[j\]//
