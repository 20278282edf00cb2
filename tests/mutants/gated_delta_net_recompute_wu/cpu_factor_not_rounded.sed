# file: gated_delta_net_recompute_wu_cpu_body.h
# The right operand stays f32.
s/(vf)vf_bf16_bits(v)/v/
