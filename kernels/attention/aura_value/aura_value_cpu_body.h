/* Weighted sums of packed values on the CPU for the vector width of the including file, which defines KERNEL as the
 * name of the function.  One item = 32 coordinates of a kv head, which begin at a whole word whatever the bits; each
 * token's are decoded once for all heads that share them, unless none of them wants the token. */
#include "kernels/attention/aura_value/aura_value.h"
#include "kernels/common/packed_codes_cpu.h"

enum { PART = 32 };

struct work { struct code_table table; float row[PART], sum[]; };    /* sum: PART per head */

VF_INLINE void part_as(enum mxb_dtype dt, const struct mxb_args *a, struct work *w, int64_t item)
{
    const struct aura_value_params *p = a->params;
    const int64_t dim = p->dim, rep = p->n_heads / p->n_kv_heads, tokens = p->tokens;
    const int64_t g = item / a->groups[0], part = item % a->groups[0];
    const int64_t d0 = part * PART, n = dim - d0 < PART ? dim - d0 : PART, words = code_words(dim, w->table.bits);
    const uint32_t *codes = (const uint32_t *)a->buf[T_PACKED] + g * tokens * words + part * w->table.bits;
    memset(w->row, 0, sizeof w->row);
    memset(w->sum, 0, (size_t)(rep * PART) * sizeof *w->sum);
    for (int64_t t = 0; t < tokens; t++) {
        const float norm = vf_load_part(dt, a->buf[T_NORMS], g * tokens + t, 1)[0];
        bool decoded = false;
        for (int64_t r = 0; r < rep; r++) {
            const float weight = vf_load_part(dt, a->buf[T_WEIGHTS], (g * rep + r) * tokens + t, 1)[0];
            if (!(weight >= p->sparse_threshold)) continue;
            if (!decoded) decode_row(&w->table, codes + t * words, n, w->row);
            decoded = true;
            for (int64_t d = 0; d < PART; d += VL) {
                float *sum = w->sum + r * PART + d;
                vf_store_f32(sum, vf_fma(vf_set1(weight * norm), vf_load_f32(w->row + d), vf_load_f32(sum)));
            }
        }
    }
    for (int64_t r = 0; r < rep; r++)
        for (int64_t d = 0; d < n; d += VL)
            vf_store_part(dt, a->buf[T_OUT], (g * rep + r) * dim + d0 + d, n - d < VL ? n - d : VL,
                          vf_load_f32(w->sum + r * PART + d));
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    struct work *w = a->scratch;
    code_table_init(&w->table, a->spec[S_BITS], (enum mxb_dtype)a->spec[S_DTYPE], a->buf[T_CODEBOOK]);
    for (int64_t item = begin; item < end; item++)
        VF_BY_DTYPE(a->spec[S_DTYPE], part_as, a, w, item);
}
