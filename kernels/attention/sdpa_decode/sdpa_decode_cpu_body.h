/* Decode attention on the CPU for the vector width of the including file, which defines KERNEL and MERGE as the names of the
 * two functions: partial sums of one part of the keys, which are neighbours, and their merge. */
#include "kernels/attention/sdpa_decode/sdpa_decode.h"
#include "kernels/common/attend_split_cpu.h"

/* First key of a part: whole chunks for each, for the last what there is. */
static int64_t first_key(const struct sdpa_decode_params *p, int64_t part, int64_t parts)
{
    const int64_t n = p->kv_seq_len, key = (n + ATTEND_KEYS - 1) / ATTEND_KEYS * part / parts * ATTEND_KEYS;
    return key < n ? key : n;
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct sdpa_decode_params *p = a->params;
    const int64_t per_kv = p->n_heads / p->n_kv_heads, most = a->spec[S_ROWS], blocks = (per_kv + most - 1) / most;
    const int64_t parts = a->spec[S_PARTS], kv_size = (int64_t)p->kv_capacity * p->head_dim;
    for (int64_t item = begin; item < end; item++) {
        const int64_t unit = item % a->groups[0], part = item / a->groups[0], kv = unit / blocks;
        const int64_t first = unit % blocks * most, r0 = kv * per_kv + first;
        struct attend t = { .d = p->head_dim, .rows = per_kv - first < most ? per_kv - first : most, .scale = p->scale };
        float *sums = attend_start_groups(&t, a->scratch, 1);
        attend_load_q(MXB_F32, &t, (const float *)a->buf[PART_Q] + r0 * t.d, false);
        attend_groups(MXB_F32, &t, sums, (const float *)a->buf[PART_K] + kv * kv_size,
                      (const float *)a->buf[PART_V] + kv * kv_size, 0, 1, 1, first_key(p, part, parts),
                      first_key(p, part + 1, parts));
        for (int64_t i = 0; i < t.rows; i++) {
            attend_store_a(&t, i, a->buf[PART_TMP], r0 + i, part, parts, 1);
            attend_store_sm(&t, i, a->buf[PART_TMP], p->n_heads, r0 + i, part, parts);
        }
    }
}

void MERGE(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct sdpa_decode_params *p = a->params;
    for (int64_t r = begin; r < end; r++)
        attend_merge(a->buf[MERGE_TMP], r, p->n_heads, a->spec[S_PARTS], p->head_dim, a->buf[MERGE_O]);
}
