#version 450
// The second half of the unfused pair: out = sigma (H out) per row, in place, as fwht_sign_undo has it.
// Source: mlx-native, fwht_standalone.metal.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/tq.glsl"
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.def"

layout(constant_id = 1000) const uint WG = 64;
layout(local_size_x_id = 1000) in;
layout(binding = 0) buffer Out { float result[]; };
shared float x[DIM];

void main()
{
    const uint t = gl_LocalInvocationID.x, row = gl_WorkGroupID.x * DIM;
    for (uint c = t; c < DIM; c += WG) x[c] = result[row + c];
    TQ_FWHT(x, 0u, t, WG);
    for (uint c = t; c < DIM; c += WG) result[row + c] = tq_signed(x[c] * tq_inv_sqrt, c);
}
