// dst[h,c] = C[index] * scale(norm) for one slot of a TurboQuant cache; one workgroup per head.
// Source: mlx-native, tq_dequantize_kv.metal.  The scale is formed first, then one product.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/tq_tables.h"
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv.def"

#define INDEX_BITS (NIBBLES ? 4u : 8u)           // of storage
__constant float tq_centroid[] = { TQ_CENTROIDS };

// VEC is 1 or the number of indices in 32 bits, and divides head_dim.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void tq_dequantize_kv(__global const uchar *packed, __global const float *norms, __global float *dst,
                      const struct tq_dequantize_kv_params p)
{
    const uint h = (uint)get_group_id(0), slot = h * p.cache_capacity + p.read_pos;
    const uint bits = NIBBLES ? 4u : p.codebook_bits, mask = (1u << bits) - 1;
    packed += (size_t)slot * (p.head_dim * INDEX_BITS / 8);
    norms += (size_t)slot * p.norms_per_pos;
    dst += (size_t)h * p.head_dim;
    for (uint c = (uint)get_local_id(0) * VEC; c < p.head_dim; c += WG * VEC) {
        const float scale = p.head_dim > 256 ? norms[min(c / 256, p.norms_per_pos - 1)] / p.scale_factor_d512
                          : p.head_dim == 256 ? norms[0] * TQ_INV_SQRT_256
                                              : norms[0] * (1.0f / sqrt((float)p.head_dim));
#if VEC == 1
        const uint word = packed[c * INDEX_BITS / 8] >> (c * INDEX_BITS % 8);
#else
        const uint word = ((__global const uint *)packed)[c / VEC];
#endif
        for (uint i = 0; i < VEC; i++) {
            const uint index = word >> (i * INDEX_BITS) & mask;
            dst[c + i] = TQ_CENTROID(tq_centroid, bits, index) * scale;
        }
    }
}
