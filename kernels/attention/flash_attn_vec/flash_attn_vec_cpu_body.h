/* Split-K decode attention on the CPU for the vector width of the including file, which defines KERNEL as the name of the
 * function.  One item = up to ROWS query heads of one key/value head in GROUPS groups of chunks. */
#include "kernels/attention/flash_attn_vec/flash_attn_vec.h"
#include "kernels/common/attend_split_cpu.h"

VF_INLINE void item_as(enum mxb_dtype dt, const struct mxb_args *a, int64_t item)
{
    const struct flash_attn_vec_params *p = a->params;
    const int64_t per_kv = p->n_heads / p->n_kv_heads, most = a->spec[S_ROWS], blocks = (per_kv + most - 1) / most;
    const int64_t unit = item % a->groups[0], g0 = item / a->groups[0] * a->spec[S_GROUPS], kv = unit / blocks, first = unit % blocks * most;
    const int64_t r0 = kv * per_kv + first, size = dt == MXB_F32 ? 4 : 2, n = p->kv_seq_len;
    const int64_t window = p->mask_type == MASK_SLIDING && p->sliding_window > 0 ? p->sliding_window : n;
    struct attend t = { .d = a->spec[S_BD], .rows = per_kv - first < most ? per_kv - first : most, .scale = p->scale };
    const int64_t groups = p->nwg - g0 < a->spec[S_GROUPS] ? p->nwg - g0 : a->spec[S_GROUPS];
    const char *k = (const char *)a->buf[T_K] + kv * p->kv_capacity * t.d * size;
    const char *v = (const char *)a->buf[T_V] + kv * p->kv_capacity * t.d * size;

    float *sums = attend_start_groups(&t, a->scratch, groups);
    attend_load_q(MXB_F32, &t, (const float *)a->buf[T_Q] + r0 * t.d, true);
    attend_groups(dt, &t, sums, k, v, g0, groups, p->nwg, window < n ? n - window : 0, n);
    for (int64_t e = 0; e < groups; e++) {
        attend_use(&t, sums, e);
        for (int64_t i = 0; i < t.rows; i++) {
            const float factor = p->nwg > 1 ? 1 : t.l[i] == 0 ? 0 : 1 / t.l[i];
            attend_store_a(&t, i, a->buf[T_TMP], r0 + i, g0 + e, p->nwg, factor);
            if (p->nwg > 1) attend_store_sm(&t, i, a->buf[T_TMP], p->n_heads, r0 + i, g0 + e, p->nwg);
        }
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end; item++) {
        if (a->spec[S_DTYPE2] == MXB_F16) item_as(MXB_F16, a, item);
        else item_as(MXB_F32, a, item);
    }
}
