/* output = softmax(scale input + mask) per row on the CPU for the vector width of the including file, which defines KERNEL as the
 * name of the function.  One item = one row; masked scores, weights and results take turns in the output row, which stays in
 * the cache.  output may be input. */
#include <math.h>
#include "kernels/attention/scale_mask_softmax/scale_mask_softmax.h"
#include "kernels/common/mxb_cpu.h"

/* out = scale in + mask; returns the largest. */
static float masked_scores(const float *in, const uint16_t *mask, int64_t n, float scale, float *out)
{
    vf top = vf_set1(-INFINITY);
    float m = -INFINITY;
    int64_t i = 0;
    for (; i + VL <= n; i += VL) {
        const vf x = vf_fma(vf_load_f32(in + i), vf_set1(scale), vf_load(MXB_BF16, mask, i));
        vf_store_f32(out + i, x);
        top = vf_max(x, top);
    }
    for (; i < n; i++) {
        const vf x = vf_fma(vf_set1(in[i]), vf_set1(scale), vf_load_part(MXB_BF16, mask, i, 1));
        out[i] = x[0];
        m = x[0] > m ? x[0] : m;
    }
    for (int e = 0; e < VL; e++) m = top[e] > m ? top[e] : m;
    return m;
}

/* x = exp(x - m); returns the sum. */
static float weights(float *x, int64_t n, float m)
{
    const vf log2e = vf_set1(1.44269504f);
    vf sum = { 0 };
    int64_t i = 0;
    for (; i + VL <= n; i += VL) {
        const vf e = vf_exp2((vf_load_f32(x + i) - m) * log2e);
        vf_store_f32(x + i, e);
        sum += e;
    }
    if (i < n) {
        float part[VL];
        vf_store_f32(part, vf_exp2((vf_load_part(MXB_F32, x, i, n - i) - m) * log2e));
        for (int64_t e = n - i; e < VL; e++) part[e] = 0;
        sum += vf_load_f32(part);
        memcpy(x + i, part, (size_t)(n - i) * sizeof *x);
    }
    return vf_sum(sum);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct scale_mask_softmax_params *p = a->params;
    const int64_t n = p->cols;
    for (int64_t r = begin; r < end; r++) {
        float *out = (float *)a->buf[T_OUTPUT] + r * n;
        const uint16_t *mask = (const uint16_t *)a->buf[T_MASK] + r % p->seq_q * n;
        const float m = masked_scores((const float *)a->buf[T_INPUT] + r * n, mask, n, p->scale, out);
        const float z = weights(out, n, m);      /* NaN where all is blocked: -inf - -inf */
        for (int64_t i = 0; i < n; i++) out[i] *= 1 / z;
    }
}
