/* Walsh-Hadamard transform of rows on the CPU for the vector width of the including file, which defines KERNEL as the
 * name of the function.  One item = one row, in place. */
#include "kernels/common/tq_cpu.h"
#include "kernels/turboquant/fwht/fwht.h"

VF_INLINE void rows_of(int dim, const struct mxb_args *a, int64_t begin, int64_t end)
{
    const int mode = a->spec[S_MODE];
    for (int64_t r = begin; r < end; r++) {
        float *x = (float *)a->buf[T_X] + r * dim;
        if (mode == MODE_SIGN_PREMULT) tq_flip_signs(x, dim);
        tq_fwht(x, dim, tq_inv_sqrt(dim));
        if (mode == MODE_SIGN_UNDO) tq_flip_signs(x, dim);
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    if (a->spec[S_DIM] == 256) rows_of(256, a, begin, end);
    else rows_of(512, a, begin, end);
}
