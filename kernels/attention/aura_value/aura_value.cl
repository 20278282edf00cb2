// out[h,d] = T(sum_t (w[h,t] * norm[g,t]) * codebook[code of value g, t, d]) over the tokens with w >=
// sparse_threshold.  Source: metaltile, aura_value.rs.  A workgroup computes DX coordinates of a head; SLICES work items
// share a coordinate, each with every SLICES-th token, and the first adds up their sums.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/packed_codes.cl.h"
#include "kernels/attention/aura_value/aura_value.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void aura_value(__global const T *weights, __global const uint *packed, __global const T *norms, __global const T *codebook,
                __global T *result, const struct aura_value_params p)
{
    __local float number[1 << BITS], part[WG];
    const uint t = (uint)get_local_id(0), x = t % DX, slice = t / DX, h = (uint)get_group_id(1);
    const uint d = (uint)get_group_id(0) * DX + x, first = h / (p.n_heads / p.n_kv_heads) * p.tokens;
    const uint words = CODE_WORDS(p.dim, (uint)BITS);
    for (uint i = t; i < (1u << BITS); i += WG) number[i] = LOAD(codebook, i);
    barrier(CLK_LOCAL_MEM_FENCE);

    float sum = 0.0f;
    for (uint i = slice; i < p.tokens && d < p.dim; i += SLICES) {
        const float w = LOAD(weights, h * p.tokens + i);
        if (w >= p.sparse_threshold)
            sum += w * LOAD(norms, first + i) * number[CODE_AT(packed, (first + i) * words, d, (uint)BITS)];
    }
    part[t] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (slice == 0 && d < p.dim) {
        for (uint k = 1; k < SLICES; k++) sum += part[k * DX + x];
        STORE(result, h * p.dim + d, sum);
    }
}
