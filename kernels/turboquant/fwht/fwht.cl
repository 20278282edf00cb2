// x = H x, H (sigma x) or sigma (H x) per row, in place; HPG rows per workgroup, in local memory, a barrier per stage.
// Source: mlx-native, fwht_standalone.metal.  Sums and differences in natural order, then one product by 1 / sqrt(DIM).
#include "kernels/common/mxb.cl.h"
#include "kernels/common/tq.cl.h"
#include "kernels/turboquant/fwht/fwht.def"

#define LANES (WG / HPG)             // work items per row

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void fwht(__global float *data, const struct fwht_params p)
{
    __local float x[HPG * DIM];
    const uint group = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    const uint t = (uint)get_local_id(0), lane = t % LANES, row = group * HPG + t / LANES;
    const bool live = row < p.num_heads;         // the others compute on what they have, for the barriers' sake
    __local float *mine = x + t / LANES * DIM;
    data += (size_t)row * DIM;

    for (uint j = lane; j < DIM; j += LANES) {
        const float v = live ? data[j] : 0.0f;
        mine[j] = MODE == 1 ? tq_signed(v, j) : v;
    }
    tq_fwht(mine, lane, LANES);
    for (uint j = lane; live && j < DIM; j += LANES) {
        const float v = mine[j] * TQ_INV_SQRT;
        data[j] = MODE == 2 ? tq_signed(v, j) : v;
    }
}
