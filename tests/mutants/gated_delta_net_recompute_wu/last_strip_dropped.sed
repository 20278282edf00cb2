# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# The last strip of w is not written.
s/x < p.v_dim + p.k_dim; x += /x + BX < p.v_dim + p.k_dim; x += /
