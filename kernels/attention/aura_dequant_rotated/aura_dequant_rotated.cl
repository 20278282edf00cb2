// out[r,d] = T(codebook[code of row r, d] * norm[r]); one work item per VEC coordinates (VEC divides dim).
// Source: metaltile, aura_dequant_rotated.rs.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/packed_codes.cl.h"
#include "kernels/attention/aura_dequant_rotated/aura_dequant_rotated.def"

#define NUMBER(d) (LOAD(codebook, CODE_AT(packed, first, d, (uint)BITS)) * norm)

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void aura_dequant_rotated(__global const uint *packed, __global const T *norms, __global const T *codebook, __global T *result,
                          const struct aura_dequant_rotated_params p)
{
    const uint group = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    const uint i = group * WG + (uint)get_local_id(0), per_row = p.dim / VEC, row = i / per_row, d = i % per_row * VEC;
    if (row >= p.heads * p.tokens) return;
    const uint first = row * CODE_WORDS(p.dim, (uint)BITS);
    const float norm = LOAD(norms, row);
#if VEC == 4
    STOREX4(result, i, (float4)(NUMBER(d), NUMBER(d + 1), NUMBER(d + 2), NUMBER(d + 3)));
#else
    STORE(result, i, NUMBER(d));
#endif
}
