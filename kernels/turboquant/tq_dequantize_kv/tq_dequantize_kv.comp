#version 450
// dst[h,c] = C[index] * scale(norm) for one slot of a TurboQuant cache; one workgroup per head.
// Source: mlx-native, tq_dequantize_kv.metal.  The scale is formed first, then one product.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/tq_tables.h"
#include "kernels/turboquant/tq_dequantize_kv/tq_dequantize_kv.def"

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1001) const uint VEC = 4;   // 1 or the number of indices in 32 bits, divides head_dim
layout(local_size_x_id = 1000) in;
// Two views: bytes, and words of several indices.
layout(binding = 0) readonly buffer Packed { uint8_t packed[]; };
layout(binding = 0) readonly buffer PackedWords { uint packed_words[]; };
layout(binding = 1) readonly buffer Norms { float norms[]; };
layout(binding = 2) writeonly buffer Dst { float dst[]; };

const uint INDEX_BITS = NIBBLES == 1 ? 4u : 8u;  // of storage
const float tq_centroid[TQ_HALVES] = float[](TQ_CENTROIDS);

void main()
{
    const uint h = gl_WorkGroupID.x, slot = h * p.cache_capacity + p.read_pos;
    const uint bits = NIBBLES == 1 ? 4u : p.codebook_bits, mask = (1u << bits) - 1u;
    const uint from = slot * p.head_dim, norm = slot * p.norms_per_pos;      // from: in indices
    for (uint c = gl_LocalInvocationID.x * VEC; c < p.head_dim; c += WG * VEC) {
        const float scale = p.head_dim > 256u ? norms[norm + min(c / 256u, p.norms_per_pos - 1u)] / p.scale_factor_d512
                          : p.head_dim == 256u ? norms[norm] * TQ_INV_SQRT_256
                                               : norms[norm] * (1.0 / sqrt(float(p.head_dim)));
        uint word;
        if (VEC == 1) word = uint(packed[(from + c) / (8 / INDEX_BITS)]) >> (NIBBLES == 1 ? c % 2u * 4u : 0u);
        else word = packed_words[(from + c) / VEC];
        for (uint i = 0; i < VEC; i++) {
            const uint index = word >> (i * INDEX_BITS) & mask;
            dst[h * p.head_dim + c + i] = TQ_CENTROID(tq_centroid, bits, index) * scale;
        }
    }
}
