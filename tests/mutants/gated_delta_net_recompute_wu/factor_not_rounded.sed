# file: gated_delta_net_recompute_wu.cl gated_delta_net_recompute_wu.comp
# The right operand stays f32.
s/= mxb_from_bf16x4(mxb_to_bf16x4(s));/= s;/
