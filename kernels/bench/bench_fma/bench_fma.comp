#version 450
// y[i] = f(f(...f(x[i]))), f(a) = a m + c, 8 * rounds times; a work item has 16 chains in four vectors.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/bench/bench_fma/bench_fma.def"

#if DTYPE == 1
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#define V f16vec4
#define S float16_t
#else
#define V vec4
#define S float
#endif
#define STEP a0 = fma(a0, m, c); a1 = fma(a1, m, c); a2 = fma(a2, m, c); a3 = fma(a3, m, c);

layout(constant_id = 1000) const uint WG = 128;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer X { V x[]; };
layout(binding = 1) readonly buffer K { S k[]; };
layout(binding = 2) writeonly buffer Y { V y[]; };

void main()
{
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint i = group * WG + gl_LocalInvocationID.x, n = p.blocks * 12;     // 192 values = 12 work items
    if (i >= n) return;
    const V m = V(k[0]), c = V(k[1]);
    V a0 = x[i], a1 = x[i + n], a2 = x[i + 2 * n], a3 = x[i + 3 * n];
    for (uint r = 0; r < p.rounds; r++) { STEP STEP STEP STEP STEP STEP STEP STEP }
    y[i] = a0;
    y[i + n] = a1;
    y[i + 2 * n] = a2;
    y[i + 3 * n] = a3;
}
