# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# Heads of v share heads of k in turns.
s/kh = h \/ (p.v_heads \/ p.k_heads)/kh = h % p.k_heads/
