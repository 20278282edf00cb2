#version 450
// Merge of split-K partial results, out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), then sigma (H out), one
// workgroup per row.  Source: the dispatcher of mlx-native; the layout of tmp is in flash_attn_vec_reduce_tq_hb_undo.c.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend_merge.glsl"
#include "kernels/common/tq.glsl"
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.def"

shared float x[DIM];

// WG divides DIM / 4.
void main()
{
    const uint t = gl_LocalInvocationID.x, r = gl_WorkGroupID.x;
    const float unit = attend_merge_factors(r, p.nrows, p.nwg, DIM);
    for (uint u = t; u < DIM / 4; u += WG) {
        const vec4 y = attend_merge_columns(r, p.nwg, DIM, u, unit);
        x[4 * u] = y.x;
        x[4 * u + 1] = y.y;
        x[4 * u + 2] = y.z;
        x[4 * u + 3] = y.w;
    }
    TQ_FWHT(x, 0u, t, WG);
    for (uint u = t; u < DIM / 4; u += WG)
        result[r * (DIM / 4) + u] = vec4(tq_signed(x[4 * u] * tq_inv_sqrt, 4 * u),
                                         tq_signed(x[4 * u + 1] * tq_inv_sqrt, 4 * u + 1),
                                         tq_signed(x[4 * u + 2] * tq_inv_sqrt, 4 * u + 2),
                                         tq_signed(x[4 * u + 3] * tq_inv_sqrt, 4 * u + 3));
}
