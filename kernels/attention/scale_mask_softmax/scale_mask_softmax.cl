// output = softmax(scale input + mask) per row, one workgroup per row, trees in local memory.
// Source: mlx-native, scale_mask_softmax.metal.  A row that is blocked everywhere comes out NaN.
#include "kernels/common/mxb.cl.h"
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax.def"

#if VEC == 4
#define FV float4
#define LOADV LOADX4
#define STOREV STOREX4
#define LOADMV LOAD2X4
#define LARGEST(v) fmax(fmax((v).x, (v).y), fmax((v).z, (v).w))
#define SUM(v) (((v).x + (v).y) + ((v).z + (v).w))
#else
#define FV float
#define LOADV LOAD
#define STOREV STORE
#define LOADMV LOAD2
#define LARGEST(v) (v)
#define SUM(v) (v)
#endif
#define SCALED(i) (LOADV(input, base + (i)) * p.scale + LOADMV(mask, mask_base + (i)))

// Over all work items; part has room for one number of each.
float group_max(__local float *part, float x, uint t)
{
    part[t] = x;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] = fmax(part[t], part[t + k]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float top = part[0];
    barrier(CLK_LOCAL_MEM_FENCE);                // everyone has read the maximum
    return top;
}

float group_sum(__local float *part, float x, uint t)
{
    part[t] = x;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] += part[t + k];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    return part[0];
}

float reciprocal(float z) { return z == 0.0f ? NAN : 1.0f / z; }

// WG is a power of two, VEC (1 or 4) divides cols; an index counts groups of VEC elements.  KEEP: groups that a work item
// keeps; 0: the row is read twice.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void scale_mask_softmax(__global const T *input, __global T *output, __global const T2 *mask,
                        const struct scale_mask_softmax_params p)
{
    __local float part[WG];
    const uint group = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0)), t = (uint)get_local_id(0);
    if (group >= p.rows) return;                 // the last line of a two-dimensional grid; the same for a whole group
    // Neighbouring groups have the rows of all heads that share a row of the mask.
    const uint heads = p.rows / p.seq_q, q = group / heads, row = group % heads * p.seq_q + q, n = p.cols / VEC;
    const uint base = row * n, mask_base = q * n;
    float m = -MAXFLOAT, z = 0.0f;               // of this work item's elements
#if KEEP
    FV x[KEEP];
    #pragma unroll
    for (uint k = 0; k < KEEP; k++) {
        const uint i = t + k * WG;
        x[k] = i < n ? SCALED(i) : (FV)(-INFINITY);
        m = fmax(m, LARGEST(x[k]));
    }
    const float top = group_max(part, m, t);
    #pragma unroll
    for (uint k = 0; k < KEEP; k++) {
        x[k] = exp(x[k] - top);
        z += SUM(x[k]);
    }
    const float unit = reciprocal(group_sum(part, z, t));
    #pragma unroll
    for (uint k = 0; k < KEEP; k++) {
        const uint i = t + k * WG;
        if (i < n) STOREV(output, base + i, x[k] * unit);
    }
#else
    for (uint i = t; i < n; i += WG) {           // maximum and sum in one pass; z is 0 while all are -inf
        const FV x = SCALED(i);
        const float higher = fmax(m, LARGEST(x));
        z = (z == 0.0f ? 0.0f : z * exp(m - higher)) + SUM(exp(x - higher));
        m = higher;
    }
    const float top = group_max(part, m, t);
    const float unit = reciprocal(group_sum(part, z == 0.0f ? 0.0f : z * exp(m - top), t));
    for (uint i = t; i < n; i += WG) STOREV(output, base + i, exp(SCALED(i) - top) * unit);
#endif
}
