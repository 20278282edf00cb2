# file: gated_delta_net_recompute_wu_cpu_body.h
# The sum leaves out the last of the 64 tokens.
/vf acc/,$s/t < CHUNK; t++/t < CHUNK - 1; t++/
