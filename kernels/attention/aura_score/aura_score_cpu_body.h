/* Scores of queries against packed keys on the CPU for the vector width of the including file, which defines KERNEL as
 * the name of the function.  One item = 64 keys of a kv head, each decoded once for all query heads that share it. */
#include "kernels/attention/aura_score/aura_score.h"
#include "kernels/common/packed_codes_cpu.h"

enum { KEYS = 64 };

struct work { struct code_table table; float row[]; };   /* the row and the queries, padded with zeros to `pad` each */

VF_INLINE float dot(const float *a, const float *b, int64_t n)
{
    vf acc = { 0 };
    for (int64_t i = 0; i < n; i += VL)
        acc = vf_fma(vf_load_f32(a + i), vf_load_f32(b + i), acc);
    return vf_sum(acc);
}

VF_INLINE void keys_as(enum mxb_dtype dt, const struct mxb_args *a, struct work *w, int64_t item)
{
    const struct aura_score_params *p = a->params;
    const int64_t dim = p->dim, pad = (dim + 15) / 16 * 16, rep = p->n_heads / p->n_kv_heads, tokens = p->tokens;
    const int64_t g = item / a->groups[0], t0 = item % a->groups[0] * KEYS, end = t0 + KEYS < tokens ? t0 + KEYS : tokens;
    float *q = w->row + pad;
    memset(w->row, 0, (size_t)(pad * (1 + rep)) * sizeof *q);
    for (int64_t r = 0; r < rep; r++)
        for (int64_t d = 0; d < dim; d++)
            q[r * pad + d] = vf_load_part(dt, a->buf[T_Q], (g * rep + r) * dim + d, 1)[0];
    for (int64_t t = t0; t < end; t++) {
        const int64_t row = g * tokens + t;
        const float norm = vf_load_part(dt, a->buf[T_NORMS], row, 1)[0];
        decode_row(&w->table, (const uint32_t *)a->buf[T_PACKED] + row * code_words(dim, w->table.bits), dim, w->row);
        for (int64_t r = 0; r < rep; r++)
            vf_store_part(dt, a->buf[T_SCORES], (g * rep + r) * tokens + t, 1,
                          vf_set1(dot(q + r * pad, w->row, pad) * norm));
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    struct work *w = a->scratch;
    code_table_init(&w->table, a->spec[S_BITS], (enum mxb_dtype)a->spec[S_DTYPE], a->buf[T_CODEBOOK]);
    for (int64_t item = begin; item < end; item++)
        VF_BY_DTYPE(a->spec[S_DTYPE], keys_as, a, w, item);
}
