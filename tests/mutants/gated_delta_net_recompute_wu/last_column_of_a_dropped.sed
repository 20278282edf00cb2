# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# The sum leaves out the last of the 64 tokens.
s/j < CHUNK; j++/j < CHUNK - 1; j++/
