/* Merge of attention partials on the CPU for the vector width of the including file, which defines KERNEL as the name
 * of the function.  One item = one head: the weights of all blocks first, then one pass over the partial outputs. */
#include <math.h>
#include "kernels/attention/aura_flash_pass2/aura_flash_pass2.h"
#include "kernels/common/mxb_cpu.h"

VF_INLINE float element(enum mxb_dtype dt, const void *base, int64_t i) { return vf_load_part(dt, base, i, 1)[0]; }

VF_INLINE void head_as(enum mxb_dtype dt, const struct mxb_args *a, int64_t h)
{
    const int64_t n = ((const struct aura_flash_pass2_params *)a->params)->num_blocks, hd = a->spec[S_HD];
    float *o = a->scratch, *weight = o + hd, top = -INFINITY, total = 0;
    for (int64_t b = h * n; b < (h + 1) * n; b++) {
        const float m = element(dt, a->buf[T_M], b);
        if (element(dt, a->buf[T_L], b) != 0) top = top > m ? top : m;
    }
    for (int64_t b = 0; b < n; b++) {
        const float l = element(dt, a->buf[T_L], h * n + b);
        weight[b] = l != 0 ? expf(element(dt, a->buf[T_M], h * n + b) - top) : 0;
        total += l != 0 ? weight[b] * l : 0;
    }
    memset(o, 0, (size_t)hd * sizeof *o);
    for (int64_t b = 0; b < n; b++) {
        if (element(dt, a->buf[T_L], h * n + b) == 0) continue;
        for (int64_t d = 0; d < hd; d += VL) {
            const vf x = vf_load(dt, a->buf[T_O], (h * n + b) * hd + d);
            vf_store_f32(o + d, vf_fma(vf_set1(weight[b]), x, vf_load_f32(o + d)));
        }
    }
    const vf inverse = vf_set1(total > 0 ? 1 / total : 0);
    for (int64_t d = 0; d < hd; d += VL)
        vf_store(dt, a->buf[T_OUT], h * hd + d, vf_load_f32(o + d) * inverse);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    for (int64_t h = begin; h < end; h++)
        VF_BY_DTYPE(a->spec[S_DTYPE], head_as, a, h);
}
