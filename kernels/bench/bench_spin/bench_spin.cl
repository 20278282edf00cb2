// bench_spin: `steps` steps of x = 1664525 x + 1013904223 mod 2^32, one work item per element.
#include "kernels/common/mxb.cl.h"
#include "kernels/bench/bench_spin/bench_spin.def"

__kernel __attribute__((reqd_work_group_size(64, 1, 1)))
void bench_spin(__global const uint *x, __global uint *y, const struct bench_spin_params p)
{
    const uint i = (uint)get_global_id(0);
    if (i >= p.items) return;
    uint v = x[i];
    for (uint s = 0; s < p.steps; s++) v = v * 1664525u + 1013904223u;
    y[i] = v;
}
