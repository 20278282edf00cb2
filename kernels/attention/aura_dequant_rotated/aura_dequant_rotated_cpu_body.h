/* Rows of packed codes to numbers on the CPU for the vector width of the including file, which defines KERNEL as the
 * name of the function.  One item = one row. */
#include "kernels/attention/aura_dequant_rotated/aura_dequant_rotated.h"
#include "kernels/common/packed_codes_cpu.h"

struct work { struct code_table table; float row[]; };

VF_INLINE void row_as(enum mxb_dtype dt, const struct mxb_args *a, struct work *w, int64_t r)
{
    const int64_t dim = ((const struct aura_dequant_rotated_params *)a->params)->dim;
    const vf norm = vf_set1(vf_load_part(dt, a->buf[T_NORMS], r, 1)[0]);
    int64_t d = 0;
    decode_row(&w->table, (const uint32_t *)a->buf[T_PACKED] + r * code_words(dim, w->table.bits), dim, w->row);
    for (; d + VL <= dim; d += VL)
        vf_store(dt, a->buf[T_OUT], r * dim + d, vf_load_f32(w->row + d) * norm);
    if (d < dim)
        vf_store_part(dt, a->buf[T_OUT], r * dim + d, dim - d, vf_load_part(MXB_F32, w->row, d, dim - d) * norm);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    struct work *w = a->scratch;
    code_table_init(&w->table, a->spec[S_BITS], (enum mxb_dtype)a->spec[S_DTYPE], a->buf[T_CODEBOOK]);
    for (int64_t r = begin; r < end; r++)
        VF_BY_DTYPE(a->spec[S_DTYPE], row_as, a, w, r);
}
