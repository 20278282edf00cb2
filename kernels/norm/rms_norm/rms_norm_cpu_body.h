/* y = x / sqrt(mean(x^2) + eps) * w on the CPU for the vector width of the including file, which defines KERNEL as the name
 * of the function.  One item = one row; the sum of squares is f32 in four vectors, so its chains are short. */
#include <math.h>
#include "kernels/common/mxb_cpu.h"
#include "kernels/norm/rms_norm/rms_norm.h"

/* Sum of the squares of elements [at, at+n) of x. */
VF_INLINE float sum_squares(enum mxb_dtype dt, const void *x, int64_t at, int64_t n)
{
    enum { CHAINS = 4 };
    vf acc[CHAINS] = { 0 };
    int64_t i = 0;
    for (; i + CHAINS * VL <= n; i += CHAINS * VL) {
        VF_UNROLL
        for (int c = 0; c < CHAINS; c++) {
            const vf v = vf_load(dt, x, at + i + c * VL);
            acc[c] = vf_fma(v, v, acc[c]);
        }
    }
    for (; i < n; i += VL) {
        const vf v = i + VL <= n ? vf_load(dt, x, at + i) : vf_load_part(dt, x, at + i, n - i);
        acc[0] = vf_fma(v, v, acc[0]);
    }
    return vf_sum((acc[0] + acc[1]) + (acc[2] + acc[3]));
}

/* y = x * inv * w for elements [at, at+n) of x and y and all n of w; in this order, rounded to T once.  y may be x. */
VF_INLINE void scale_row(enum mxb_dtype dt, enum mxb_dtype wdt, bool has_w, const void *x, const void *w, void *y,
                         int64_t at, int64_t n, float inv)
{
    int64_t i = 0;
    for (; i + VL <= n; i += VL) {
        const vf v = vf_load(dt, x, at + i) * inv;
        vf_store(dt, y, at + i, has_w ? v * vf_load(wdt, w, i) : v);
    }
    if (i < n) {
        const vf v = vf_load_part(dt, x, at + i, n - i) * inv;
        vf_store_part(dt, y, at + i, n - i, has_w ? v * vf_load_part(wdt, w, i, n - i) : v);
    }
}

VF_INLINE void rows_as(enum mxb_dtype dt, const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct rms_norm_params *p = a->params;
    const enum mxb_dtype wdt = dt == MXB_BF16 ? MXB_BF16 : MXB_F32;          /* f16 entries take f32 weights */
    const void *x = a->buf[T_X], *w = a->buf[T_W];
    for (int64_t row = begin; row < end; row++) {
        const int64_t at = row * p->dim;
        const float inv = 1 / sqrtf(sum_squares(dt, x, at, p->dim) / (float)p->dim + p->eps);
        if (a->spec[S_HAS_W]) scale_row(dt, wdt, true, x, w, a->buf[T_Y], at, p->dim, inv);
        else scale_row(dt, wdt, false, x, w, a->buf[T_Y], at, p->dim, inv);
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    VF_BY_DTYPE(a->spec[S_DTYPE], rows_as, a, begin, end);
}
