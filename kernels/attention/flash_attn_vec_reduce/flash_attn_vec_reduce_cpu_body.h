/* Merge of split-K partial results on the CPU for the vector width of the including file, which defines KERNEL as the name of
 * the function.  One item = one row.  Four columns of all groups lie together, so a vector holds four columns of VL/4
 * groups, and the factors are laid out alike. */
#include <math.h>
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.h"
#include "kernels/common/mxb_cpu.h"

static float exp1(float x) { return vf_exp2(vf_set1(x * 1.44269504f))[0]; }

/* factor[4 g + 0..3] = exp(M_g - M); returns Z. */
static float weigh(const float *sm, int64_t nwg, float *factor)
{
    float m = -0x1.fffffep126f, z = 0;           /* what an empty group has */
    for (int64_t g = 0; g < nwg; g++) m = sm[2 * g + 1] > m ? sm[2 * g + 1] : m;
    for (int64_t g = 0; g < nwg; g++) {
        const float e = exp1(sm[2 * g + 1] - m);
        for (int i = 0; i < 4; i++) factor[4 * g + i] = e;
        z += sm[2 * g] * e;
    }
    return z;
}

static void merge_row(const float *a, const float *sm, int64_t nwg, int64_t d, float *out)
{
    float factor[4 * MAX_GROUPS], lane[VL];
    const float z = weigh(sm, nwg, factor), unit = z == 0 ? 0 : 1 / z;
    for (int64_t c = 0; c < d; c += 4, a += 4 * nwg) {
        vf acc = { 0 };
        int64_t j = 0;
        for (; j + VL <= 4 * nwg; j += VL) acc = vf_fma(vf_load_f32(a + j), vf_load_f32(factor + j), acc);
        if (j < 4 * nwg)
            acc = vf_fma(vf_load_part(MXB_F32, a, j, 4 * nwg - j), vf_load_part(MXB_F32, factor, j, 4 * nwg - j), acc);
        vf_store_f32(lane, acc);
        for (int w = VL / 2; w >= 4; w /= 2)
            for (int i = 0; i < w; i++) lane[i] += lane[i + w];
        for (int i = 0; i < 4; i++) out[c + i] = lane[i] * unit;
    }
}

void KERNEL(const struct mxb_args *args, int64_t begin, int64_t end)
{
    const struct flash_attn_vec_reduce_params *p = args->params;
    const int64_t d = args->spec[S_BD];
    const float *tmp = args->buf[T_TMP];
    for (int64_t r = begin; r < end; r++)
        merge_row(tmp + r * d * p->nwg, tmp + (p->nrows * d + 2 * r) * p->nwg, p->nwg, d, (float *)args->buf[T_OUT] + r * d);
}
