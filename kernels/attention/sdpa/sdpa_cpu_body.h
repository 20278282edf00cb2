/* Causal attention on the CPU, whole or in a sliding window, for the vector width of the including file, which defines KERNEL as
 * the name of the function.  One item = ROWS query rows of a key/value head; the rows of the query heads that share it lie
 * one behind another. */
#include "kernels/attention/sdpa/sdpa.h"
#include "kernels/common/attend_cpu.h"

/* Rows of O, dense, from o on. */
VF_INLINE void store_as(enum mxb_dtype dt, const struct attend *t, void *o)
{
    for (int64_t i = 0; i < t->rows; i++) {
        const float unit = 1 / t->l[i];
        for (int64_t c = 0; c < t->d; c += VL) {
            const vf x = vf_load_f32(t->a + i * t->pad + c) * unit;
            if (c + VL <= t->d) vf_store(dt, o, i * t->d + c, x);
            else vf_store_part(dt, o, i * t->d + c, t->d - c, x);
        }
    }
}

VF_INLINE void item_as(enum mxb_dtype dt, const struct mxb_args *a, int64_t item)
{
    const struct sdpa_params *p = a->params;
    const int64_t block = item % a->groups[0], kv_head = item / a->groups[0], size = dt == MXB_F32 ? 4 : 2;
    const int64_t group_rows = (int64_t)(p->n_heads / p->n_kv_heads) * p->seq_len, most = a->spec[S_ROWS], r0 = block * most;
    struct attend t = { .d = p->head_dim, .rows = group_rows - r0 < most ? group_rows - r0 : most, .scale = p->scale };
    const int64_t capacity = p->kv_capacity ? p->kv_capacity : p->kv_seq_len;
    const char *k = (const char *)a->buf[T_K] + kv_head * capacity * t.d * size;
    const char *v = (const char *)a->buf[T_V] + kv_head * capacity * t.d * size;
    const int64_t at = (kv_head * group_rows + r0) * t.d * size;
    int64_t lo = INT64_MAX, hi = 0;              /* of all rows together */

    attend_start(&t, a->scratch);
    attend_load_q(dt, &t, (const char *)a->buf[T_Q] + at, false);
    for (int64_t i = 0; i < t.rows; i++) {
        const int64_t own = (int64_t)p->kv_seq_len - p->seq_len + (r0 + i) % p->seq_len;   /* the row's position */
        t.lo[i] = a->spec[S_SLIDING] && own > p->window_size ? own - p->window_size : 0;
        t.hi[i] = own + 1;
        lo = t.lo[i] < lo ? t.lo[i] : lo;
        hi = t.hi[i] > hi ? t.hi[i] : hi;
    }
    for (int64_t base = lo / ATTEND_KEYS * ATTEND_KEYS; base < hi; base += ATTEND_KEYS)
        attend_chunk(dt, &t, k, v, base, base + 2 * ATTEND_KEYS <= hi ? base + ATTEND_KEYS : -1);
    store_as(dt, &t, (char *)a->buf[T_O] + at);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++) {
        if (a->spec[S_DTYPE] == MXB_BF16) item_as(MXB_BF16, a, item);
        else item_as(MXB_F32, a, item);
    }
}
