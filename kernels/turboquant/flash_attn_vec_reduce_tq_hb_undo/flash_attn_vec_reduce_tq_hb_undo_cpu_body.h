/* Merge of split-K partial results and sign-undo on the CPU for the vector width of the including file, which defines
 * KERNEL as the name of the function.  One item = one row, turned back in place. */
#include "kernels/common/attend_split_cpu.h"
#include "kernels/common/tq_cpu.h"
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.h"

VF_INLINE void rows_of(int dim, const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct flash_attn_vec_reduce_tq_hb_undo_params *p = a->params;
    float *out = a->buf[T_OUT];
    for (int64_t r = begin; r < end; r++) {
        attend_merge(a->buf[T_TMP], r, p->nrows, p->nwg, dim, out);
        tq_fwht(out + r * dim, dim, tq_inv_sqrt(dim));
        tq_flip_signs(out + r * dim, dim);
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    if (a->spec[S_DIM] == 256) rows_of(256, a, begin, end);
    else rows_of(512, a, begin, end);
}
