#version 450
// bench_spin: `steps` steps of x = 1664525 x + 1013904223 mod 2^32, one work item per element.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/bench/bench_spin/bench_spin.def"

layout(local_size_x = 64) in;
layout(binding = 0) readonly buffer X { uint x[]; };
layout(binding = 1) writeonly buffer Y { uint y[]; };

void main()
{
    const uint i = gl_GlobalInvocationID.x;
    if (i >= p.items) return;
    uint v = x[i];
    for (uint s = 0; s < p.steps; s++) v = v * 1664525u + 1013904223u;
    y[i] = v;
}
