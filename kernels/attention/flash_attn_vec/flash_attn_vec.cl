// Split-K decode attention: partial sums of one group of chunks of 32 keys for ROWS query heads of a key/value head, by one
// workgroup.  Source: mlx-native, flash_attn_vec.metal.  Q is narrowed to f16; the layout of tmp is in flash_attn_vec.c.
#include "kernels/common/attend.cl.h"
#include "kernels/attention/flash_attn_vec/flash_attn_vec.def"

#define MASK_SLIDING 2

// a, S and M of head `head`, row r of the group; one group alone normalises.
void store(const struct attend *s, uint r, __global float4 *tmp, uint head, uint g, const struct flash_attn_vec_params *p, uint t)
{
    const float unit = p->nwg > 1 ? 1.0f : s->l[r] == 0.0f ? 0.0f : 1.0f / s->l[r];
    for (uint c = 0; c < COLS; c++) {
        const uint u = t + c * WG;
        if (4 * u < BD) tmp[(size_t)head * (BD / 4) * p->nwg + u * p->nwg + g] = s->acc[r * COLS + c] * unit;
    }
    if (t == 0 && p->nwg > 1) {
        __global float *sm = (__global float *)tmp + (size_t)p->n_heads * BD * p->nwg + 2 * (head * p->nwg + g);
        sm[0] = s->l[r];
        sm[1] = s->m[r];
    }
}

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_vec(__global const T *Q, __global const T2 *K, __global const T2 *V, __global float4 *tmp,
                    const struct flash_attn_vec_params p)
{
    __local struct attend_local w;
    const uint t = (uint)get_local_id(0), g = (uint)get_group_id(0), head = (uint)get_group_id(1) * ROWS;
    const uint kv_head = head / (p.n_heads / p.n_kv_heads), n = p.kv_seq_len;
    const bool window = p.mask_type == MASK_SLIDING && p.sliding_window > 0 && p.sliding_window < n;
    const uint lo = window ? n - p.sliding_window : 0, chunk0 = lo / KEYS;
    const size_t kv = (size_t)kv_head * p.kv_capacity * BD;
    struct attend s;

    attend_load_q(&w, Q + (size_t)head * BD, ROWS, BD, true, t);
    if (t < ROWS) {
        w.lo[t] = lo;
        w.hi[t] = n;
    }
    attend_start(&s);
    barrier(CLK_LOCAL_MEM_FENCE);                // q, lo and hi are there
    // From the group's first chunk on that holds attended keys.
    for (uint base = (chunk0 + (g + p.nwg - chunk0 % p.nwg) % p.nwg) * KEYS; base < n; base += p.nwg * KEYS)
        attend_chunk(&s, &w, K + kv, V + kv, base, lo, n, BD, p.scale, t);
    for (uint r = 0; r < ROWS; r++) store(&s, r, tmp, head + r, g, &p, t);
}
