/* y[r] = exclusive or of row r on the CPU for the vector width of the including file, which defines KERNEL as the name of
 * the function.  Eight chains, so that loads need not wait for one another. */
#include "kernels/bench/bench_read/bench_read.h"
#include "kernels/common/mxb_cpu.h"

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    enum { CHAINS = 8 };
    const struct bench_read_params *p = a->params;
    const int64_t n = 4 * (int64_t)p->n;         /* words of a row */
    for (int64_t row = begin; row < end; row++) {
        const uint32_t *x = (const uint32_t *)a->buf[T_X] + row * n;
        vu acc[CHAINS] = { { 0 } }, v;
        uint32_t y = 0;
        int64_t i = 0;
        for (; i + CHAINS * VL <= n; i += CHAINS * VL) {
            VF_UNROLL
            for (int c = 0; c < CHAINS; c++) {
                memcpy(&v, x + i + c * VL, sizeof v);
                acc[c] ^= v;
            }
        }
        v = (acc[0] ^ acc[1] ^ acc[2] ^ acc[3]) ^ (acc[4] ^ acc[5] ^ acc[6] ^ acc[7]);
        for (int l = 0; l < VL; l++) y ^= v[l];
        for (; i < n; i++) y ^= x[i];
        ((uint32_t *)a->buf[T_Y])[row] = y;
    }
}
