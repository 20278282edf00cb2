// scores[h,t] = T(norm[g,t] * sum_d q[h,d] codebook[code of key g, t, d]); one work item per key, WG keys of a head per
// workgroup.  Source: metaltile, aura_score.rs.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/packed_codes.cl.h"
#include "kernels/attention/aura_score/aura_score.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void aura_score(__global const T *q_rot, __global const uint *packed, __global const T *norms, __global const T *codebook,
                __global T *scores, const struct aura_score_params p)
{
    __local float q[1024], number[1 << BITS];    // the largest dim
    const uint t = (uint)get_local_id(0), h = (uint)get_group_id(1), token = (uint)get_group_id(0) * WG + t;
    const uint row = h / (p.n_heads / p.n_kv_heads) * p.tokens + token;
    for (uint d = t; d < p.dim; d += WG) q[d] = LOAD(q_rot, h * p.dim + d);
    for (uint i = t; i < (1u << BITS); i += WG) number[i] = LOAD(codebook, i);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (token >= p.tokens) return;

    const uint first = row * CODE_WORDS(p.dim, (uint)BITS);
    float dot = 0.0f;
    for (uint d = 0; d < p.dim; d++) dot += q[d] * number[CODE_AT(packed, first, d, (uint)BITS)];
    STORE(scores, h * p.tokens + token, dot * LOAD(norms, row));
}
