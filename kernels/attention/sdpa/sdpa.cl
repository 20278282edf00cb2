// Causal attention, whole or in a sliding window: ROWS query rows of a key/value head by one workgroup.  The rows of the query
// heads that share it lie one behind another.  Source: mlx-native, sdpa.metal and sdpa_sliding.metal.
#include "kernels/common/attend.cl.h"
#include "kernels/attention/sdpa/sdpa.def"

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void sdpa(__global const T *Q, __global const T *K, __global const T *V, __global T *O, const struct sdpa_params p)
{
    __local struct attend_local w;
    const uint t = (uint)get_local_id(0), d = p.head_dim, group_rows = p.n_heads / p.n_kv_heads * p.seq_len;
    const uint kv_head = (uint)(get_group_id(2) * get_num_groups(1) + get_group_id(1)), r0 = (uint)get_group_id(0) * ROWS;
    const uint rows = min((uint)ROWS, group_rows - r0);
    const size_t kv = (size_t)kv_head * (p.kv_capacity ? p.kv_capacity : p.kv_seq_len) * d;
    struct attend s;

    Q += ((size_t)kv_head * group_rows + r0) * d;
    O += ((size_t)kv_head * group_rows + r0) * d;
    attend_load_q(&w, Q, rows, d, false, t);
    if (t < ROWS) {
        const uint own = p.kv_seq_len - p.seq_len + (r0 + t) % p.seq_len;        // the row's position
        w.lo[t] = SLIDING && own >= p.window_size ? own - p.window_size : 0;
        w.hi[t] = own + 1;
    }
    attend_start(&s);
    barrier(CLK_LOCAL_MEM_FENCE);                // q, lo and hi are there
    uint lo = w.lo[0], hi = w.hi[0];             // of all rows together
    for (uint r = 1; r < rows; r++) {
        lo = min(lo, w.lo[r]);
        hi = max(hi, w.hi[r]);
    }
    for (uint base = lo / KEYS * KEYS; base < hi; base += KEYS)
        attend_chunk(&s, &w, K + kv, V + kv, base, lo, hi, d, p.scale, t);

    #pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        const float unit = 1.0f / s.l[r];
        #pragma unroll
        for (uint c = 0; c < COLS; c++) {
            const uint u = t + c * WG;
            const float4 o = s.acc[r * COLS + c] * unit;
            if (r >= rows || 4 * u >= d) continue;
#if VEC == 4
            STOREX4(O, r * (d / 4) + u, o);
#else
            const float e[4] = { o.x, o.y, o.z, o.w };
            for (uint i = 0; i < 4 && 4 * u + i < d; i++) STORE(O, r * d + 4 * u + i, e[i]);
#endif
        }
    }
}
