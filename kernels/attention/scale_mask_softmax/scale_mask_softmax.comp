#version 450
// output = softmax(scale input + mask) per row, one workgroup per row, trees in shared memory.
// Source: mlx-native, scale_mask_softmax.metal.  A row that is blocked everywhere comes out NaN.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax.def"

layout(constant_id = 1000) const uint WG = 256;  // a power of two
layout(constant_id = 1001) const uint VEC = 4;   // 1 or 4, divides cols
layout(constant_id = 1002) const uint KEEP = 0;  // groups of four that a work item keeps; 0: the row is read twice
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
const uint ROOM = KEEP == 0 ? 1 : KEEP;

float largest4(vec4 x) { return max(max(x.x, x.y), max(x.z, x.w)); }

// exp(x - top), 0 for x = -inf: Vulkan does not say what exp(-inf) is.
float weight(float x, float top) { return x < -MAXFLOAT ? 0.0 : exp(x - top); }
vec4 weight4(vec4 x, float top)
{
    return vec4(weight(x.x, top), weight(x.y, top), weight(x.z, top), weight(x.w, top));
}

float scaled(uint i, uint j) { return LOAD(inp, i) * p.scale + LOAD2(mask, j); }
vec4 scaled4(uint i, uint j) { return LOADX4(inp4, i) * p.scale + LOAD2X4(mask4, j); }

// Over all work items.
float group_max(float x)
{
    const uint t = gl_LocalInvocationID.x;
    part[t] = x;
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] = max(part[t], part[t + k]);
        barrier();
    }
    const float top = part[0];
    barrier();                                   // everyone has read the maximum
    return top;
}

float group_sum(float x)
{
    const uint t = gl_LocalInvocationID.x;
    part[t] = x;
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] += part[t + k];
        barrier();
    }
    return part[0];
}

float reciprocal(float z) { return z == 0.0 ? uintBitsToFloat(0x7fc00000u) : 1.0 / z; }

// base, mask_base: first group of VEC elements of the row; n: how many.
void row_kept(uint base, uint mask_base, uint n)
{
    const uint t = gl_LocalInvocationID.x;
    vec4 x[ROOM];
    float m = -MAXFLOAT, z = 0.0;
    [[unroll]] for (uint k = 0; k < KEEP; k++) {
        const uint i = t + k * WG;
        x[k] = vec4(uintBitsToFloat(0xff800000u));
        if (i < n) x[k] = scaled4(base + i, mask_base + i);
        m = max(m, largest4(x[k]));
    }
    const float top = group_max(m);
    [[unroll]] for (uint k = 0; k < KEEP; k++) {
        x[k] = weight4(x[k], top);
        z += dot(x[k], vec4(1));
    }
    const float unit = reciprocal(group_sum(z));
    [[unroll]] for (uint k = 0; k < KEEP; k++) {
        const uint i = t + k * WG;
        if (i < n) STOREX4(outp4, base + i, x[k] * unit);
    }
}

// Maximum and sum in one pass, the results in a second.
void row_read_twice(uint base, uint mask_base, uint n)
{
    const uint t = gl_LocalInvocationID.x;
    float m = -MAXFLOAT, z = 0.0;                // of this work item's elements; z is 0 while all are -inf
    for (uint i = t; i < n; i += WG) {
        const float last = m;
        float sum;
        if (VEC == 4) {
            const vec4 x = scaled4(base + i, mask_base + i);
            m = max(m, largest4(x));
            sum = dot(weight4(x, m), vec4(1));
        } else {
            const float x = scaled(base + i, mask_base + i);
            m = max(m, x);
            sum = weight(x, m);
        }
        z = (z == 0.0 ? 0.0 : z * exp(last - m)) + sum;
    }
    const float top = group_max(m);
    const float unit = reciprocal(group_sum(z == 0.0 ? 0.0 : z * exp(m - top)));
    for (uint i = t; i < n; i += WG) {
        if (VEC == 4) STOREX4(outp4, base + i, weight4(scaled4(base + i, mask_base + i), top) * unit);
        else STORE(outp, base + i, weight(scaled(base + i, mask_base + i), top) * unit);
    }
}

void main()
{
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    if (group >= p.rows) return;                 // the last line of a two-dimensional grid; the same for a whole group
    // Neighbouring groups have the rows of all heads that share a row of the mask.
    const uint heads = p.rows / p.seq_q, q = group / heads, row = group % heads * p.seq_q + q, n = p.cols / VEC;
    if (KEEP > 0) row_kept(row * n, q * n, n);
    else row_read_twice(row * n, q * n, n);
}
