# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# The first strip of w is taken for u.
s/keys = x >= p.v_dim;/keys = x > p.v_dim;/
