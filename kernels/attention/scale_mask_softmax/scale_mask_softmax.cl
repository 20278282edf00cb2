// output = softmax(scale input + mask) per row, one workgroup per row; maximum and sum in one pass, merged by trees in local
// memory.  Source: mlx-native, scale_mask_softmax.metal.  A row that is blocked everywhere comes out NaN.
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

// WG is a power of two, VEC (1 or 4) divides cols; an index counts groups of VEC elements.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void scale_mask_softmax(__global const T *input, __global T *output, __global const T2 *mask,
                        const struct scale_mask_softmax_params p)
{
    __local float part[WG];
    const uint row = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    if (row >= p.rows) return;                   // the last line of a two-dimensional grid; the same for a whole group
    const uint t = (uint)get_local_id(0), n = p.cols / VEC, base = row * n, mask_base = row % p.seq_q * n;

    float m = -MAXFLOAT, z = 0.0f;               // of this work item's elements; z is 0 while all are -inf
    for (uint i = t; i < n; i += WG) {
        const FV x = LOADV(input, base + i) * p.scale + LOADMV(mask, mask_base + i);
        const float top = fmax(m, LARGEST(x));
        z = (z == 0.0f ? 0.0f : z * exp(m - top)) + SUM(exp(x - top));
        m = top;
    }
    part[t] = m;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] = fmax(part[t], part[t + k]);
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float top = part[0];
    barrier(CLK_LOCAL_MEM_FENCE);                // everyone has read the maximum
    part[t] = z == 0.0f ? 0.0f : z * exp(m - top);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] += part[t + k];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float unit = part[0] == 0.0f ? NAN : 1.0f / part[0];
    for (uint i = t; i < n; i += WG) {
        const FV x = LOADV(input, base + i) * p.scale + LOADMV(mask, mask_base + i);
        STOREV(output, base + i, exp(x - top) * unit);
    }
}
