# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# exp(g) is one percent too large.
s/decay\[i\] = exp(\(.*\));/decay[i] = 1.01f * exp(\1);/
