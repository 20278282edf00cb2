# file: gated_delta_net_recompute_wu_cpu_body.h
# exp(g) is one percent too large.
s/decay\[t\] = expf/decay[t] = 1.01f * expf/
