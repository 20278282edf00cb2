/* TurboQuant encoder on the CPU for the vector width of the including file, which defines KERNEL as the name of the
 * function.  One item = one vector of one token; it stays in the first-level cache. */
#include <math.h>
#include "kernels/common/tq_cpu.h"
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.h"

typedef uint8_t vb __attribute__((vector_size(VL)));

/* Stores the norm of the 256 coordinates z and returns the factor that scales them for the codebook. */
VF_INLINE float norm_and_scale(const float *z, int dim, float target, float *norm)
{
    vf acc[4] = { 0 };
    for (int i = 0; i < 256; i += 4 * VL)
        VF_UNROLL
        for (int c = 0; c < 4; c++) {
            const vf v = vf_load_f32(z + i + c * VL);
            acc[c] = vf_fma(v, v, acc[c]);
        }
    const float sum = vf_sum((acc[0] + acc[1]) + (acc[2] + acc[3]));
    *norm = sqrtf(dim == 256 ? sum : sum / 256);
    return *norm > 1e-10f ? 1 / *norm * target : 0;
}

/* Indices of the 256 coordinates z * scale, one per byte. */
VF_INLINE void quantize(float *z, float scale, uint32_t bits, uint8_t *index)
{
    for (int i = 0; i < 256; i += VL) {
        const vf v = vf_load_f32(z + i) * scale;
        const vb b = __builtin_convertvector(tq_index(bits, v), vb);
        vf_store_f32(z + i, v);
        memcpy(index + i, &b, sizeof b);
    }
}

VF_INLINE void encode(const struct mxb_args *a, int dim, bool nibbles, uint32_t bits, int64_t h, int64_t token)
{
    const struct hadamard_quantize_kv_params *p = a->params;
    const uint64_t position = (uint64_t)p->write_pos + (uint64_t)token;
    const int64_t slot = h * p->cache_capacity + (int64_t)(p->is_sliding ? position % p->cache_capacity : position);
    const float *src = (const float *)a->buf[T_SRC] + ((p->src_tok_offset + token) * p->num_kv_heads + h) * dim;
    float *norms = (float *)a->buf[T_NORMS] + slot * (dim / 256);
    uint8_t *packed = (uint8_t *)a->buf[T_PACKED] + slot * (nibbles ? dim / 2 : dim), index[TQ_MAX_DIM];
    _Alignas(64) float z[TQ_MAX_DIM];
    memcpy(z, src, (size_t)dim * sizeof *z);
    tq_flip_signs(z, dim);
    tq_fwht(z, dim, tq_inv_sqrt(dim));
    for (int b = 0; b < dim / 256; b++) {
        const float scale = norm_and_scale(z + 256 * b, dim, dim == 256 ? 16 : p->scale_factor_d512, norms + b);
        quantize(z + 256 * b, scale, bits, nibbles ? index + 256 * b : packed + 256 * b);
    }
    for (int i = 0; nibbles && i < dim / 2; i++) packed[i] = (uint8_t)(index[2 * i] | index[2 * i + 1] << 4);
    if (nibbles && p->rms_probe_enabled)
        memcpy((float *)a->buf[T_PROBE] + (h * p->n_tokens + token) * dim, z, (size_t)dim * sizeof *z);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct hadamard_quantize_kv_params *p = a->params;
    const bool nibbles = a->spec[S_NIBBLES], small = a->spec[S_DIM] == 256;
    for (int64_t i = begin; i < end; i++) {
        const int64_t h = i % p->num_kv_heads, token = i / p->num_kv_heads;
        if (nibbles && small) encode(a, 256, true, 4, h, token);
        else if (nibbles) encode(a, 512, true, 4, h, token);
        else if (small) encode(a, 256, false, p->codebook_bits, h, token);
        else encode(a, 512, false, p->codebook_bits, h, token);
    }
}
