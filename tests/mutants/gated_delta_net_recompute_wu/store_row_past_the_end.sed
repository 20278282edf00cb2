# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# Rows are written one token late.
s/(ty + r \* TY) \* 4 + i) \* p.v_heads/(ty + r * TY) * 4 + i + 1) * p.v_heads/
