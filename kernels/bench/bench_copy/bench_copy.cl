// y[i] = x[i] in groups of 16 bytes; neighbouring work items take neighbouring groups, the grid strides over all of them.
#include "kernels/common/mxb.cl.h"
#include "kernels/bench/bench_copy/bench_copy.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void bench_copy(__global const uint4 *x, __global uint4 *y, const struct bench_copy_params p)
{
    const uint stride = (uint)get_global_size(0);
    uint i = (uint)get_global_id(0);
    for (; i < p.n && p.n - i > (HOLD - 1) * stride; i += HOLD * stride) {
        uint4 v[HOLD];               // HOLD: groups that a work item reads before it writes
        #pragma unroll
        for (uint k = 0; k < HOLD; k++) v[k] = x[i + k * stride];
        #pragma unroll
        for (uint k = 0; k < HOLD; k++) y[i + k * stride] = v[k];
    }
    for (; i < p.n; i += stride) y[i] = x[i];
}
