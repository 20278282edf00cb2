// O = softmax(scale Q K^T + f16(mask)) V for head dimension 512: 8 query rows of one head by one workgroup, tiles of 64 keys in two
// chunks of 32.  Source: mlx-native, flash_attn_prefill_d512.metal.  A tile without an attended key leaves the state bit for bit.
#include "kernels/common/attend.cl.h"
enum { CAUSAL = do_causal, SKIP = has_blk };     // the constants' names are also those of parameters
#undef do_causal
#undef has_blk
#undef nsg
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp.def"

#if BOOLMASK
#define MASK_TYPE uchar
#else
#define MASK_TYPE T
#endif

// Adds the mask to the scores that this work item has written; mask: the first row's cells.
void add_mask(ATTEND_LOCAL *w, __global const MASK_TYPE *mask, uint stride, uint base, uint t)
{
    __local float *score = (__local float *)w->score;
    for (uint i = t; i < ROWS * KEYS; i += WG) {
        const uint r = i / KEYS, key = base + i % KEYS;
        if (key >= w->hi[r]) continue;
#if BOOLMASK
        if (mask[(size_t)r * stride + key] == 0) score[i] = -INFINITY;
#else
        score[i] += mxb_round_f16(LOAD(mask, (size_t)r * stride + key));
#endif
    }
}

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_prefill_llamacpp(__global const T *Q, __global const T *K, __global const T *V, __global T *O,
                                 __global const MASK_TYPE *mask, __global const uchar *blk,
                                 const struct flash_attn_prefill_llamacpp_params p)
{
    __local struct attend_local w;
    const uint t = (uint)get_local_id(0), qt = (uint)get_group_id(0), h = (uint)get_group_id(1), b = (uint)get_group_id(2);
    const uint q0 = qt * ROWS, rows = min((uint)ROWS, p.seq_len_q - q0), head = b * p.n_heads + h, n = p.seq_len_k;
    const uint kv_head = b * p.n_kv_heads + h / (p.n_heads / p.n_kv_heads), nk = (n + 63) / 64;
    const uint hi = CAUSAL ? min(n, q0 + rows + p.q_offset) : n;     // of all rows together
    const size_t kv = (size_t)kv_head * n * BD, first = (size_t)head * p.seq_len_q + q0;
    struct attend s;

    attend_load_q(&w, Q + first * BD, rows, BD, false, t);
    if (t < ROWS) {
        w.lo[t] = 0;
        w.hi[t] = t >= rows ? 0 : CAUSAL ? min(n, q0 + t + p.q_offset + 1) : n;
    }
    attend_start(&s);
    mask += (p.mask == 2 ? first : q0) * n;
    barrier(CLK_LOCAL_MEM_FENCE);                // q, lo and hi are there
    for (uint base = 0; base < hi; base += KEYS) {
        const uint class = SKIP ? blk[qt * nk + base / 64] : 1;
        if (class == 0) continue;
        attend_partial(&w, K + kv, base, 0, hi, BD, t);
        barrier(CLK_LOCAL_MEM_FENCE);            // part is complete
        attend_score(&w, base, p.scale, t);
        if (has_mask && class != 2) add_mask(&w, mask, n, base, t);
        barrier(CLK_LOCAL_MEM_FENCE);            // score is complete, part and the last chunk's weights have been used
        attend_softmax(&s, &w, t);
        barrier(CLK_LOCAL_MEM_FENCE);            // weight is complete, score has been used
        attend_value(&s, &w, V + kv, base, 0, hi, BD, t);
    }
    #pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        const float unit = s.l[r] == 0.0f ? 0.0f : 1.0f / s.l[r];
        #pragma unroll
        for (uint c = 0; c < COLS; c++) {
            const uint u = t + c * WG;
            if (r < rows && 4 * u < BD) STOREX4(O + (first + r) * BD, u, s.acc[r * COLS + c] * unit);
        }
    }
}
