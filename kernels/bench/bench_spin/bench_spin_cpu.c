/* bench_spin: `steps` steps of x = 1664525 x + 1013904223 mod 2^32 for each element, 64 elements per task. */
#include "kernels/bench/bench_spin/bench_spin.h"

void bench_spin_cpu(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct bench_spin_params *p = a->params;
    const uint32_t *x = a->buf[T_X];
    uint32_t *y = a->buf[T_Y];
    for (int64_t first = begin * 64; first < end * 64 && first < p->items; first += 64) {
        const uint32_t n = p->items - first < 64 ? (uint32_t)(p->items - first) : 64;
        uint32_t v[64] = { 0 };
        for (uint32_t i = 0; i < n; i++) v[i] = x[first + i];
        for (uint32_t s = 0; s < p->steps; s++)
            for (uint32_t i = 0; i < 64; i++) v[i] = v[i] * 1664525u + 1013904223u;
        for (uint32_t i = 0; i < n; i++) y[first + i] = v[i];
    }
}
