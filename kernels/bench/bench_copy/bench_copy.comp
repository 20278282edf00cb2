#version 450
// y[i] = x[i] in groups of 16 bytes; neighbouring work items take neighbouring groups, the grid strides over all of them.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "kernels/common/mxb.glsl"
#include "kernels/bench/bench_copy/bench_copy.def"

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1002) const uint HOLD = 1;   // groups that a work item reads before it writes
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer X { uvec4 x[]; };
layout(binding = 1) writeonly buffer Y { uvec4 y[]; };

void main()
{
    const uint stride = gl_NumWorkGroups.x * WG;
    uint i = gl_GlobalInvocationID.x;
    for (; i < p.n && p.n - i > (HOLD - 1) * stride; i += HOLD * stride) {
        uvec4 v[HOLD];
        [[unroll]] for (uint k = 0; k < HOLD; k++) v[k] = x[i + k * stride];
        [[unroll]] for (uint k = 0; k < HOLD; k++) y[i + k * stride] = v[k];
    }
    for (; i < p.n; i += stride) y[i] = x[i];
}
