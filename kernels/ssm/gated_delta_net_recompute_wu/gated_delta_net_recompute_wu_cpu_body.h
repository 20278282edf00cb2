/* w and u of one chunk of the gated delta rule on the CPU for the vector width of the including file, which defines
 * KERNEL as the name of the function.  One item = one chunk of one head: the scaled and rounded rows of v, then of k,
 * are widened to f32 in scratch and multiplied by A from the left, RN rows x CN vectors of columns in registers. */
#include <math.h>
#include "kernels/common/mxb_cpu.h"
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.h"

#if defined(VF_AVX512)
enum { RN = 8, CN = 2 };                         /* 16 accumulators of 32 registers; CN * VL divides 64 */
#else
enum { RN = 4, CN = 2 };                         /* 8 of 16 */
#endif

/* staged[t][x] = bf(x[t][x] * beta[t] * decay[t]) for the chunk's rows of k or v, which lie `stride` elements apart;
 * decay is NULL for v.  beta lies beta_stride apart. */
static void stage(const void *rows, int64_t first, int64_t stride, int64_t n, const float *beta, int64_t beta_stride,
                  const float *decay, float *staged)
{
    for (int64_t t = 0; t < CHUNK; t++) {
        for (int64_t x = 0; x < n; x += VL) {
            vf v = vf_load(MXB_BF16, rows, first + t * stride + x) * beta[t * beta_stride];
            v = decay ? v * decay[t] : v;
            vf_store_f32(staged + t * n + x, (vf)vf_bf16_bits(v));
        }
    }
}

/* out[i][x] = bf(sum_t a[i][t] staged[t][x]); rows of a and out lie a_stride and out_stride elements apart. */
static void multiply(const float *a, int64_t a_stride, const float *staged, int64_t n, void *out, int64_t first,
                     int64_t out_stride)
{
    for (int64_t i = 0; i < CHUNK; i += RN) {
        for (int64_t x = 0; x < n; x += CN * VL) {
            vf acc[RN][CN] = { 0 };
            for (int64_t t = 0; t < CHUNK; t++) {
                VF_UNROLL
                for (int r = 0; r < RN; r++) {
                    const vf weight = vf_set1(a[(i + r) * a_stride + t]);
                    VF_UNROLL
                    for (int c = 0; c < CN; c++)
                        acc[r][c] = vf_fma(weight, vf_load_f32(staged + t * n + x + c * VL), acc[r][c]);
                }
            }
            VF_UNROLL
            for (int r = 0; r < RN; r++) {
                VF_UNROLL
                for (int c = 0; c < CN; c++)
                    vf_store(MXB_BF16, out, first + (i + r) * out_stride + x + c * VL, acc[r][c]);
            }
        }
    }
}

void KERNEL(const struct mxb_args *args, int64_t begin, int64_t end)
{
    const struct gated_delta_net_recompute_wu_params *p = args->params;
    const int64_t chunks = p->seq_len / CHUNK, hv = p->v_heads, hk = p->k_heads, kd = p->k_dim, vd = p->v_dim;
    float *staged = args->scratch, decay[CHUNK];
    for (int64_t item = begin; item < end; item++) {
        const int64_t c = item % chunks, h = item / chunks % hv, b = item / chunks / hv;
        const int64_t t0 = b * p->seq_len + c * CHUNK, row = t0 * hv + h, key = t0 * hk + h / (hv / hk);
        const float *beta = (const float *)args->buf[T_BETA] + row, *g = (const float *)args->buf[T_G] + row;
        const float *a = (const float *)args->buf[T_A] + row * CHUNK;
        for (int64_t t = 0; t < CHUNK; t++)
            decay[t] = expf(g[t * hv]);
        stage(args->buf[T_V], row * vd, hv * vd, vd, beta, hv, NULL, staged);
        multiply(a, hv * CHUNK, staged, vd, args->buf[T_U], row * vd, hv * vd);
        stage(args->buf[T_K], key * kd, hk * kd, kd, beta, hv, decay, staged);
        multiply(a, hv * CHUNK, staged, kd, args->buf[T_W], row * kd, hv * kd);
    }
}
