/* Split-K decode attention on the CPU for the vector width of the including file, which defines KERNEL as the name of the
 * function.  One item = up to ROWS query heads of one key/value head in one group of chunks. */
#include "kernels/attention/flash_attn_vec/flash_attn_vec.h"
#include "kernels/common/attend_cpu.h"

/* Row i's sums to head r of tmp, group g; see flash_attn_vec.c for the layout. */
static void store(const struct flash_attn_vec_params *p, const struct attend *t, int64_t i, int64_t r, int64_t g, float *tmp)
{
    const float unit = p->nwg > 1 ? 1 : t->l[i] == 0 ? 0 : 1 / t->l[i];
    for (int64_t c = 0; c < t->d; c += 4) {
        float *to = tmp + 4 * ((r * t->d + c) / 4 * p->nwg + g);
        for (int64_t e = 0; e < 4; e++) to[e] = t->a[i * t->pad + c + e] * unit;
    }
    if (p->nwg > 1) {
        float *sm = tmp + p->n_heads * t->d * p->nwg + 2 * (r * p->nwg + g);
        sm[0] = t->l[i];
        sm[1] = t->m[i];
    }
}

VF_INLINE void item_as(enum mxb_dtype dt, const struct mxb_args *a, int64_t item)
{
    const struct flash_attn_vec_params *p = a->params;
    const int64_t per_kv = p->n_heads / p->n_kv_heads, max_rows = a->spec[S_ROWS], blocks = (per_kv + max_rows - 1) / max_rows;
    const int64_t unit = item % a->groups[0], g = item / a->groups[0], kv = unit / blocks, first = unit % blocks * max_rows;
    const int64_t r0 = kv * per_kv + first, size = dt == MXB_F32 ? 4 : 2, lo = flash_attn_vec_first(p);
    struct attend t = { .d = a->spec[S_BD], .rows = per_kv - first < max_rows ? per_kv - first : max_rows, .scale = p->scale };
    const char *k = (const char *)a->buf[T_K] + kv * p->kv_capacity * t.d * size;
    const char *v = (const char *)a->buf[T_V] + kv * p->kv_capacity * t.d * size;

    attend_start(&t, a->scratch);
    attend_load_q(MXB_F32, &t, (const float *)a->buf[T_Q] + r0 * t.d, true);
    for (int64_t i = 0; i < t.rows; i++) {
        t.lo[i] = lo;
        t.hi[i] = p->kv_seq_len;
    }
    const int64_t chunk0 = lo / ATTEND_KEYS, skip = (g + p->nwg - chunk0 % p->nwg) % p->nwg;   /* to the group's first chunk */
    for (int64_t base = (chunk0 + skip) * ATTEND_KEYS; base < p->kv_seq_len; base += (int64_t)p->nwg * ATTEND_KEYS)
        attend_chunk(dt, &t, k, v, base);
    for (int64_t i = 0; i < t.rows; i++) store(p, &t, i, r0 + i, g, a->buf[T_TMP]);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++) {
        if (a->spec[S_DTYPE2] == MXB_F16) item_as(MXB_F16, a, item);
        else item_as(MXB_F32, a, item);
    }
}
