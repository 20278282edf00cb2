# file: gated_delta_net_recompute_wu_cpu_body.h
# Heads of v share heads of k in turns.
s/h \/ (hv \/ hk)/h % hk/
