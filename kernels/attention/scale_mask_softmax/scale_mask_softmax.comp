#version 450
// output = softmax(scale input + mask) per row, one workgroup per row; maximum and sum in one pass, merged by trees in shared
// memory.  Source: mlx-native, scale_mask_softmax.metal.  A row that is blocked everywhere comes out NaN.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax.def"

layout(constant_id = 1000) const uint WG = 256;  // a power of two
layout(constant_id = 1001) const uint VEC = 4;   // 1 or 4, divides cols
layout(local_size_x_id = 1000) in;
// Two views of each tensor: single elements, and groups of four.
layout(binding = 0) readonly buffer Input { T inp[]; };
layout(binding = 0) readonly buffer InputX4 { TX4 inp4[]; };
layout(binding = 1) writeonly buffer Output { T outp[]; };
layout(binding = 1) writeonly buffer OutputX4 { TX4 outp4[]; };
layout(binding = 2) readonly buffer Mask { T2 mask[]; };
layout(binding = 2) readonly buffer MaskX4 { T2X4 mask4[]; };
shared float part[WG];

const float MAXFLOAT = 3.402823466e38;

// exp(x - top), 0 for x = -inf: Vulkan does not say what exp(-inf) is.
float weight(float x, float top) { return x < -MAXFLOAT ? 0.0 : exp(x - top); }
vec4 weight4(vec4 x, float top)
{
    return vec4(weight(x.x, top), weight(x.y, top), weight(x.z, top), weight(x.w, top));
}

void main()
{
    const uint row = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (row >= p.rows) return;                   // the last line of a two-dimensional grid; the same for a whole group
    const uint t = gl_LocalInvocationID.x;       // an index counts groups of VEC elements
    const uint n = p.cols / VEC, base = row * n, mask_base = row % p.seq_q * n;

    float m = -MAXFLOAT, z = 0.0;                // of this work item's elements; z is 0 while all are -inf
    for (uint i = t; i < n; i += WG) {
        const float last = m;
        float sum;
        if (VEC == 4) {
            const vec4 x = LOADX4(inp4, base + i) * p.scale + LOAD2X4(mask4, mask_base + i);
            m = max(max(m, max(x.x, x.y)), max(x.z, x.w));
            sum = dot(weight4(x, m), vec4(1));
        } else {
            const float x = LOAD(inp, base + i) * p.scale + LOAD2(mask, mask_base + i);
            m = max(m, x);
            sum = weight(x, m);
        }
        z = (z == 0.0 ? 0.0 : z * exp(last - m)) + sum;
    }
    part[t] = m;
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] = max(part[t], part[t + k]);
        barrier();
    }
    const float top = part[0];
    barrier();                                   // everyone has read the maximum
    part[t] = z == 0.0 ? 0.0 : z * exp(m - top);
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] += part[t + k];
        barrier();
    }
    const float unit = part[0] == 0.0 ? uintBitsToFloat(0x7fc00000u) : 1.0 / part[0];
    for (uint i = t; i < n; i += WG) {
        if (VEC == 4) {
            const vec4 x = LOADX4(inp4, base + i) * p.scale + LOAD2X4(mask4, mask_base + i);
            STOREX4(outp4, base + i, weight4(x, top) * unit);
        } else {
            const float x = LOAD(inp, base + i) * p.scale + LOAD2(mask, mask_base + i);
            STORE(outp, base + i, weight(x, top) * unit);
        }
    }
}
