# file: common/attend.cl.h common/attend.glsl common/attend_cpu.h
# Weights are narrowed before they are used.
s/: exp(x - top)/: NARROW(exp(x - top))/
/^#define NEG_BIG/a #define NARROW(x) mxb_round_bf16(x)
/^const float NEG_BIG/a #define NARROW(x) mxb_from_bf16(mxb_to_bf16(x))
s/vf_store_f32(s + j, p);/vf_store_f32(s + j, vf_round(MXB_BF16, p));/
