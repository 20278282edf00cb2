#version 450
// y[r,i] = x[r,i] / sqrt(mean_j(x[r,j]^2) + eps) * w[i], one workgroup per row, subgroup reduction: one barrier
// instead of log2(WG) + 1.  Source: mlx-native, rms_norm.metal.  f32 arithmetic, (x * inv) * w in this order, one
// rounding at the store.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_arithmetic : require
#include "kernels/common/mxb.glsl"
#include "kernels/norm/rms_norm/rms_norm.def"

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1001) const uint VEC = 4;   // 1, 4 or, with 16-bit elements that are kept, 8; divides dim
layout(constant_id = 1002) const uint KEEP = 0;  // groups of VEC that a work item keeps; 0: the row is read twice
layout(local_size_x_id = 1000) in;
// Views of each tensor: single elements, groups of four, and of eight where they make 16 bytes.
layout(binding = 0) readonly buffer X { T x[]; };
layout(binding = 0) readonly buffer XX4 { TX4 x4[]; };
layout(binding = 1) readonly buffer W { T2 w[]; };
layout(binding = 1) readonly buffer WX4 { T2X4 w4[]; };
layout(binding = 2) writeonly buffer Y { T y[]; };
layout(binding = 2) writeonly buffer YX4 { TX4 y4[]; };
#if DTYPE != 0
layout(binding = 0) readonly buffer XX8 { uvec4 x8[]; };
layout(binding = 2) writeonly buffer YX8 { uvec4 y8[]; };
#endif
shared float part[WG];                           // one per subgroup, of which there are at most WG

#if HAS_W
#define WEIGHT(i) LOAD2(w, i)
#define WEIGHT4(i) LOAD2X4(w4, i)
#else
#define WEIGHT(i) 1.0
#define WEIGHT4(i) vec4(1.0)
#endif

#if DTYPE == 1
#define WIDENX4 mxb_from_f16x4
#define NARROWX4 mxb_to_f16x4
#elif DTYPE == 2
#define WIDENX4 mxb_from_bf16x4
#define NARROWX4 mxb_to_bf16x4
#endif

const uint FOURS = VEC == 8 ? 2 : 1;             // fours in a group
const uint ROOM = KEEP == 0 ? 1 : KEEP * FOURS;

// 1 / sqrt(mean + eps); s: sum of this work item's squares.
float inverse(float s)
{
    s = subgroupAdd(s);
    if (subgroupElect()) part[gl_SubgroupID] = s;
    barrier();
    // Every invocation adds the few partial sums itself, in one order: the last subgroup may be too narrow for a
    // second subgroupAdd.
    float sum = 0.0;
    for (uint i = 0; i < gl_NumSubgroups; i++) sum += part[i];
    return inversesqrt(sum / float(p.dim) + p.eps);
}

// base: first group of VEC elements of the row; n: how many.
void row_kept(uint base, uint n)
{
    const uint t = gl_LocalInvocationID.x;
    vec4 v[ROOM];
    float s = 0.0;
    [[unroll]] for (uint k = 0; k < KEEP; k++) {
        const uint i = t + k * WG;
        [[unroll]] for (uint f = 0; f < FOURS; f++) v[k * FOURS + f] = vec4(0.0);
        if (i < n) {
#if DTYPE != 0
            if (VEC == 8) {
                const uvec4 both = x8[base + i];
                v[k * FOURS] = WIDENX4(both.xy);
                v[k * FOURS + FOURS - 1] = WIDENX4(both.zw);
            } else
#endif
                v[k] = LOADX4(x4, base + i);
        }
        [[unroll]] for (uint f = 0; f < FOURS; f++) s += dot(v[k * FOURS + f], v[k * FOURS + f]);
    }
    const float inv = inverse(s);
    [[unroll]] for (uint k = 0; k < KEEP; k++) {
        const uint i = t + k * WG;
        if (i < n) {
#if DTYPE != 0
            if (VEC == 8)
                y8[base + i] = uvec4(NARROWX4(v[k * FOURS] * inv * WEIGHT4(2 * i)),
                                     NARROWX4(v[k * FOURS + FOURS - 1] * inv * WEIGHT4(2 * i + 1)));
            else
#endif
                STOREX4(y4, base + i, v[k] * inv * WEIGHT4(i));
        }
    }
}

void row_read_twice(uint base, uint n)
{
    const uint t = gl_LocalInvocationID.x;
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
    const float inv = inverse(s);
    for (uint i = t; i < n; i += WG) {
        if (VEC == 4) STOREX4(y4, base + i, LOADX4(x4, base + i) * inv * WEIGHT4(i));
        else STORE(y, base + i, LOAD(x, base + i) * inv * WEIGHT(i));
    }
}

void main()
{
    const uint row = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (row >= p.rows) return;                   // the last line of a two-dimensional grid; the same for a whole group
    const uint n = p.dim / VEC, base = row * n;  // an index counts groups of VEC elements
    if (KEEP > 0) row_kept(base, n);
    else row_read_twice(base, n);
}
