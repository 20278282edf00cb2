// Split-K decode attention: partial sums of one group of chunks of 32 keys for ROWS query heads of a key/value head, by one
// workgroup.  Source: mlx-native, flash_attn_vec.metal.  Q is narrowed to f16; one group alone normalises its result.
#include "kernels/common/attend_split.cl.h"
#include "kernels/attention/flash_attn_vec/flash_attn_vec.def"

#define MASK_SLIDING 2

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_vec(__global const T *Q, __global const T2 *K, __global const T2 *V, __global float4 *tmp,
                    const struct flash_attn_vec_params p)
{
    __local struct attend_local w;
    const uint t = (uint)get_local_id(0), g = (uint)get_group_id(0), head = (uint)get_group_id(1) * ROWS, n = p.kv_seq_len;
    const bool window = p.mask_type == MASK_SLIDING && p.sliding_window > 0 && p.sliding_window < n;
    const size_t kv = (size_t)(head / (p.n_heads / p.n_kv_heads)) * p.kv_capacity * BD;
    struct attend s;

    attend_load_q(&w, Q + (size_t)head * BD, ROWS, BD, true, t);
    attend_group(&s, &w, K + kv, V + kv, g, p.nwg, window ? n - p.sliding_window : 0, n, BD, p.scale, t);
    #pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        const float unit = p.nwg > 1 ? 1.0f : s.l[r] == 0.0f ? 0.0f : 1.0f / s.l[r];
        attend_store_a(&s, r, tmp, head + r, g, p.nwg, BD, unit, t);
        if (p.nwg > 1) attend_store_sm(&s, r, tmp, p.n_heads, head + r, g, p.nwg, BD, t);
    }
}
