// y[r] = exclusive or of the words of row r, one workgroup per row, loads of 16 bytes, tree reduction in local memory.
#include "kernels/common/mxb.cl.h"
#include "kernels/bench/bench_read/bench_read.def"

// WG is a power of two.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void bench_read(__global const uint4 *x, __global uint *y, const struct bench_read_params p)
{
    __local uint part[WG];
    const uint row = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    if (row >= p.rows) return;                   // the last line of a two-dimensional grid; the same for a whole group
    const uint t = (uint)get_local_id(0), base = row * p.n;
    uint4 v = (uint4)(0u);
    for (uint i = t; i < p.n; i += WG) v ^= x[base + i];
    part[t] = v.x ^ v.y ^ v.z ^ v.w;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] ^= part[t + k];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (t == 0) y[row] = part[0];
}
