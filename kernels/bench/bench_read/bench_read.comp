#version 450
// y[r] = exclusive or of the words of row r, one workgroup per row, loads of 16 bytes, tree reduction in local memory.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/bench/bench_read/bench_read.def"

layout(constant_id = 1000) const uint WG = 256;  // a power of two
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer X { uvec4 x[]; };
layout(binding = 1) writeonly buffer Y { uint y[]; };
shared uint part[WG];

void main()
{
    const uint row = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (row >= p.rows) return;                   // the last line of a two-dimensional grid; the same for a whole group
    const uint t = gl_LocalInvocationID.x, base = row * p.n;
    uvec4 v = uvec4(0u);
    for (uint i = t; i < p.n; i += WG) v ^= x[base + i];
    part[t] = v.x ^ v.y ^ v.z ^ v.w;
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] ^= part[t + k];
        barrier();
    }
    if (t == 0) y[row] = part[0];
}
