// y[i] = f(f(...f(x[i]))), f(a) = a m + c, 8 * rounds times; a work item has 16 chains in four vectors.
#include "kernels/common/mxb.cl.h"
#include "kernels/bench/bench_fma/bench_fma.def"

#if DTYPE == 1
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#define V half4
#define S half
#else
#define V float4
#define S float
#endif
#define STEP a0 = mad(a0, m, c); a1 = mad(a1, m, c); a2 = mad(a2, m, c); a3 = mad(a3, m, c);

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void bench_fma(__global const V *x, __global const S *k, __global V *y, const struct bench_fma_params p)
{
    const uint group = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    const uint i = group * WG + (uint)get_local_id(0), n = p.blocks * 12;      // 192 values = 12 work items
    if (i >= n) return;
    const V m = (V)(k[0]), c = (V)(k[1]);
    V a0 = x[i], a1 = x[i + n], a2 = x[i + 2 * n], a3 = x[i + 3 * n];
    for (uint r = 0; r < p.rounds; r++) { STEP STEP STEP STEP STEP STEP STEP STEP }
    y[i] = a0;
    y[i + n] = a1;
    y[i + 2 * n] = a2;
    y[i + 3 * n] = a3;
}
