/* O = softmax(scale Q K^T + f16(mask)) V for head dimension 512 on the CPU, for the vector width of the including file, which
 * defines KERNEL as the name of the function.  One item = 8 query rows of one head. */
#include "kernels/attention/flash_attn_prefill_llamacpp/flash_attn_prefill_llamacpp.h"
#include "kernels/common/attend_cpu.h"

/* Adds the mask to the scores of keys [0,n) of a chunk; cells: the mask's first row at the chunk's first key. */
VF_INLINE void add_mask(enum mxb_dtype dt, const struct attend *t, const char *cells, int64_t stride, int64_t n, bool boolmask)
{
    for (int64_t i = 0; i < t->rows; i++) {
        float *s = t->s + i * ATTEND_KEYS;
        const char *row = cells + i * stride * (boolmask ? 1 : 2);
        for (int64_t j = 0; boolmask && j < n; j++) s[j] = row[j] ? s[j] : -INFINITY;
        for (int64_t j = 0; !boolmask && j < n; j += VL) {
            const vf x = j + VL <= n ? vf_load(dt, row, j) : vf_load_part(dt, row, j, n - j);
            vf_store_f32(s + j, vf_load_f32(s + j) + vf_from_f16(vf_to_f16(x)));
        }
    }
}

VF_INLINE void item_as(enum mxb_dtype dt, const struct mxb_args *a, int64_t item)
{
    const struct flash_attn_prefill_llamacpp_params *p = a->params;
    const int64_t tiles = a->groups[0], qt = item % tiles, head = item / tiles, b = head / p->n_heads, h = head % p->n_heads;
    const int64_t n = p->seq_len_k, q0 = qt * TILE_ROWS, kv_head = b * p->n_kv_heads + h / (p->n_heads / p->n_kv_heads);
    const int64_t row0 = head * p->seq_len_q + q0, cell = a->spec[S_BOOLMASK] ? 1 : 2;
    const char *k = (const char *)a->buf[T_K] + kv_head * n * HEAD_DIM * 2, *v = (const char *)a->buf[T_V] + kv_head * n * HEAD_DIM * 2;
    const char *mask = p->mask ? (const char *)a->buf[T_MASK] + (p->mask == MASK_RANK4 ? row0 : q0) * n * cell : NULL;
    const uint8_t *blk = p->has_blk ? (const uint8_t *)a->buf[T_BLK] + qt * ((n + TILE_KEYS - 1) / TILE_KEYS) : NULL;
    struct attend t = { .d = a->spec[S_BD], .scale = p->scale };
    int64_t hi = 0;                              /* of all rows together */

    t.rows = p->seq_len_q - q0 < TILE_ROWS ? p->seq_len_q - q0 : TILE_ROWS;
    attend_start(&t, a->scratch);
    attend_load_q(dt, &t, (const char *)a->buf[T_Q] + row0 * HEAD_DIM * 2, false);
    for (int64_t i = 0; i < t.rows; i++) {
        const int64_t own = q0 + i + p->q_offset + 1;
        t.hi[i] = p->do_causal && own < n ? own : n;
        hi = t.hi[i];
    }
    for (int64_t base = 0; base < hi; base += ATTEND_KEYS) {
        const int64_t keys = hi - base < ATTEND_KEYS ? hi - base : ATTEND_KEYS, next = base + ATTEND_KEYS;
        const int class = blk ? blk[base / TILE_KEYS] : 1;
        if (class == 0) continue;
        attend_announce(dt, &t, base, next + ATTEND_KEYS <= hi ? next : -1);
        attend_scores(dt, &t, k, base, 0, keys);
        if (mask && class != 2) add_mask(dt, &t, mask + base * cell, n, keys, a->spec[S_BOOLMASK]);
        for (int64_t i = 0; i < t.rows; i++) attend_softmax(&t, i, 0, t.hi[i] - base < keys ? t.hi[i] - base : keys);
        attend_values(dt, &t, v, base, 0, keys);
    }
    for (int64_t i = 0; i < t.rows; i++) {
        const float unit = t.l[i] == 0 ? 0 : 1 / t.l[i];
        for (int64_t c = 0; c < t.d; c += VL)
            vf_store(dt, a->buf[T_O], (row0 + i) * HEAD_DIM + c, vf_load_f32(t.a + i * t.pad + c) * unit);
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++) {
        if (a->spec[S_DTYPE] == MXB_BF16) item_as(MXB_BF16, a, item);
        else item_as(MXB_F16, a, item);
    }
}
