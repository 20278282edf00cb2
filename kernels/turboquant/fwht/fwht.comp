#version 450
// x = H x, H (sigma x) or sigma (H x) per row, in place; HPG rows per workgroup, in shared memory, a barrier per stage.
// Source: mlx-native, fwht_standalone.metal.  Sums and differences in natural order, then one product by 1 / sqrt(DIM).
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/tq.glsl"
#include "kernels/turboquant/fwht/fwht.def"

layout(constant_id = 1000) const uint WG = 64;
layout(constant_id = 1001) const uint HPG = 1;
layout(local_size_x_id = 1000) in;
layout(binding = 0) buffer X { float data[]; };
shared float x[HPG * DIM];

void main()
{
    const uint lanes = WG / HPG;                 // work items per row
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint t = gl_LocalInvocationID.x, lane = t % lanes, row = group * HPG + t / lanes;
    const bool live = row < p.num_heads;         // the others compute on what they have, for the barriers' sake
    const uint mine = t / lanes * DIM;

    for (uint j = lane; j < DIM; j += lanes) {
        const float v = live ? data[row * DIM + j] : 0.0;
        x[mine + j] = MODE == 1 ? tq_signed(v, j) : v;
    }
    TQ_FWHT(x, mine, lane, lanes);
    for (uint j = lane; live && j < DIM; j += lanes) {
        const float v = x[mine + j] * tq_inv_sqrt;
        data[row * DIM + j] = MODE == 2 ? tq_signed(v, j) : v;
    }
}
