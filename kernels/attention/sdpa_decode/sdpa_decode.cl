// Decode attention, first kernel: partial sums of one of PARTS parts of the keys for ROWS query heads of a key/value head, by
// one workgroup.  Source: mlx-native, sdpa_decode.metal.  Chunks of 32 keys go to the parts in turn.
#include "kernels/common/attend_split.cl.h"
#include "kernels/attention/sdpa_decode/sdpa_decode.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void sdpa_decode(__global const T *Q, __global const T *K, __global const T *V, __global float4 *tmp,
                 const struct sdpa_decode_params p)
{
    __local struct attend_local w;
    const uint t = (uint)get_local_id(0), part = (uint)get_group_id(0), head = (uint)get_group_id(1) * ROWS, d = p.head_dim;
    const size_t kv = (size_t)(head / (p.n_heads / p.n_kv_heads)) * p.kv_capacity * d;
    struct attend s;

    attend_load_q(&w, Q + (size_t)head * d, ROWS, d, false, t);
    attend_group(&s, &w, K + kv, V + kv, part, PARTS, 0, p.kv_seq_len, d, p.scale, t);
    #pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        attend_store_a(&s, r, tmp, head + r, part, PARTS, d, 1.0f, t);
        attend_store_sm(&s, r, tmp, p.n_heads, head + r, part, PARTS, d, t);
    }
}
