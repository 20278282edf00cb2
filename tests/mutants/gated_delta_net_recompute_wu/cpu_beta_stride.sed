# file: gated_delta_net_recompute_wu_cpu_body.h
# beta of the neighbouring head.
s/beta\[t \* beta_stride\]/beta[t]/
