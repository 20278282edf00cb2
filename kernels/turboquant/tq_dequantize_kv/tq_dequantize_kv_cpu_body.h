/* TurboQuant decoder on the CPU for the vector width of the including file, which defines KERNEL as the name of the
 * function.  One item = the vector of one head. */
#include <math.h>
#include "kernels/common/tq_cpu.h"
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv.h"

/* dst[0..n) = centroids of the coordinates c .. c+n-1 of a vector, times scale. */
VF_INLINE void decode(const uint8_t *packed, bool nibbles, uint32_t bits, int64_t c, int64_t n, float scale, float *dst)
{
    const int32_t mask = (1 << bits) - 1;
    for (int64_t i = 0; i < n; i += VL) {
        const int64_t part = n - i < VL ? n - i : VL;
        uint8_t index[VL] = { 0 };
        for (int64_t l = 0; nibbles && l < part; l++)
            index[l] = (uint8_t)(packed[(c + i + l) / 2] >> (c + i + l) % 2 * 4);
        if (!nibbles) memcpy(index, packed + c + i, (size_t)part);
        const vf v = tq_decode(bits, vi_load_u8(index) & mask) * scale;
        if (part == VL) vf_store_f32(dst + i, v);
        else vf_store_part(MXB_F32, dst, i, part, v);
    }
}

VF_INLINE void vectors_of(const struct mxb_args *a, bool nibbles, uint32_t bits, int64_t begin, int64_t end)
{
    const struct tq_dequantize_kv_params *p = a->params;
    const int64_t dim = p->head_dim, blocks = p->norms_per_pos;
    for (int64_t h = begin; h < end; h++) {
        const int64_t slot = h * p->cache_capacity + p->read_pos;
        const uint8_t *packed = (const uint8_t *)a->buf[T_PACKED] + slot * (nibbles ? dim / 2 : dim);
        const float *norm = (const float *)a->buf[T_NORMS] + slot * blocks;
        float *dst = (float *)a->buf[T_DST] + h * dim;
        if (dim <= 256) decode(packed, nibbles, bits, 0, dim, *norm * (1 / sqrtf((float)dim)), dst);
        for (int64_t c = 0; dim > 256 && c < dim; c += 256)
            decode(packed, nibbles, bits, c, dim - c < 256 ? dim - c : 256,
                   norm[c / 256 < blocks ? c / 256 : blocks - 1] / p->scale_factor_d512, dst + c);
    }
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct tq_dequantize_kv_params *p = a->params;
    if (a->spec[S_NIBBLES]) vectors_of(a, true, 4, begin, end);
    else vectors_of(a, false, p->codebook_bits, begin, end);
}
