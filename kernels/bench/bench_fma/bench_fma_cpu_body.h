/* y = chain(x) for f32 on the CPU for the vector width of the including file, which defines KERNEL as the name of the
 * function.  12 chains hide 5 cycles of latency on two units and leave registers for m and c with 16 of them. */
#include "kernels/bench/bench_fma/bench_fma.h"
#include "kernels/common/mxb_cpu.h"

enum { CHAINS = 12 };
_Static_assert(BLOCK % (CHAINS * VL) == 0, "a block is a whole number of passes");

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct bench_fma_params *p = a->params;
    const float *x = a->buf[T_X], *k = a->buf[T_K];
    const vf m = vf_set1(k[0]), c = vf_set1(k[1]);
    float *y = a->buf[T_Y];
    for (int64_t at = begin * BLOCK; at < end * BLOCK; at += CHAINS * VL) {
        vf acc[CHAINS];
        VF_UNROLL
        for (int j = 0; j < CHAINS; j++) acc[j] = vf_load_f32(x + at + j * VL);
        for (uint32_t step = 0; step < p->rounds * STEPS; step++) {
            VF_UNROLL
            for (int j = 0; j < CHAINS; j++) acc[j] = vf_fma(acc[j], m, c);
        }
        VF_UNROLL
        for (int j = 0; j < CHAINS; j++) vf_store_f32(y + at + j * VL, acc[j]);
    }
}
