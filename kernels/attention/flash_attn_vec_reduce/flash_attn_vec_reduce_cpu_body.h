/* Merge of split-K partial results on the CPU for the vector width of the including file, which defines KERNEL as the name of
 * the function.  One item = one row. */
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.h"
#include "kernels/common/attend_split_cpu.h"

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct flash_attn_vec_reduce_params *p = a->params;
    for (int64_t r = begin; r < end; r++)
        attend_merge(a->buf[T_TMP], r, p->nrows, p->nwg, a->spec[S_BD], a->buf[T_OUT]);
}
