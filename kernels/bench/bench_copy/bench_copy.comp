#version 450
// y[i] = x[i] in groups of 16 bytes; neighbouring work items take neighbouring groups, the grid strides over all of them.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/bench/bench_copy/bench_copy.def"

layout(constant_id = 1000) const uint WG = 256;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer X { uvec4 x[]; };
layout(binding = 1) writeonly buffer Y { uvec4 y[]; };

void main()
{
    const uint stride = gl_NumWorkGroups.x * WG;
    for (uint i = gl_GlobalInvocationID.x; i < p.n; i += stride) y[i] = x[i];
}
