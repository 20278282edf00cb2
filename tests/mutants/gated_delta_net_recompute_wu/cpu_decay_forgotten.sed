# file: gated_delta_net_recompute_wu_cpu_body.h
# The keys do not decay.
s/v = decay ? v \* decay\[t\] : v;//
