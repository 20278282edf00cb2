# file: gated_delta_net_recompute_wu_cpu_body.h
# The last block of rows is not computed.
s/i < CHUNK; i += RN/i + RN < CHUNK; i += RN/
