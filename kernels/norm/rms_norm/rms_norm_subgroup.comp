#version 450
// y[r,i] = x[r,i] / sqrt(mean_j(x[r,j]^2) + eps) * w[i], one workgroup per row, subgroup reduction: one barrier
// instead of log2(WG) + 1.  Source: mlx-native, rms_norm.metal.  f32 arithmetic, (x * inv) * w in this order, one
// rounding at the store.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "kernels/common/mxb.glsl"
#include "kernels/norm/rms_norm/rms_norm.def"

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1001) const uint VEC = 4;   // 1 or 4, divides dim
layout(local_size_x_id = 1000) in;
// Two views of each tensor: single elements, and groups of four.
layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XX4 { TX4 x4[]; };
layout(binding = 1) readonly buffer W { T2 w[]; };
layout(binding = 1) readonly buffer WX4 { T2X4 w4[]; };
layout(binding = 2) writeonly buffer Y { T y[]; };
layout(binding = 2) writeonly buffer YX4 { TX4 y4[]; };
shared float part[WG];                           // one per subgroup, of which there are at most WG

#if HAS_W
#define WEIGHT(i) LOAD2(w, i)
#define WEIGHT4(i) LOAD2X4(w4, i)
#else
#define WEIGHT(i) 1.0
#define WEIGHT4(i) vec4(1.0)
#endif

void main()
{
    const uint row = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (row >= p.rows) return;                   // the last line of a two-dimensional grid; the same for a whole group
    const uint t = gl_LocalInvocationID.x, n = p.dim / VEC, base = row * n;   // an index counts groups of VEC elements

    float s = 0.0;
    for (uint i = t; i < n; i += WG) {
        if (VEC == 4) {
            const vec4 v = LOADX4(x4, base + i);
            s += dot(v, v);
        } else {
            const float v = LOAD(x, base + i);
            s += v * v;
        }
    }
    s = subgroupAdd(s);
    if (subgroupElect()) part[gl_SubgroupID] = s;
    barrier();
    // Every invocation adds the few partial sums itself, in one order: the last subgroup may be too narrow for a
    // second subgroupAdd.
    float sum = 0.0;
    for (uint i = 0; i < gl_NumSubgroups; i++) sum += part[i];
    const float inv = inversesqrt(sum / float(p.dim) + p.eps);
    for (uint i = t; i < n; i += WG) {
        if (VEC == 4) STOREX4(y4, base + i, LOADX4(x4, base + i) * inv * WEIGHT4(i));
        else STORE(y, base + i, LOAD(x, base + i) * inv * WEIGHT(i));
    }
}
