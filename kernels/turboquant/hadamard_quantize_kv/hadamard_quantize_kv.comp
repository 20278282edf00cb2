#version 450
// Rotates a vector by signs and Walsh-Hadamard transform, splits off its norm (DIM = 512: one per half) and stores the
// indices of its coordinates in a Lloyd-Max codebook; one workgroup per vector.
// Source: mlx-native, hadamard_quantize_kv_fast.metal.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/tq.glsl"
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.def"

layout(constant_id = 1000) const uint WG = 64;   // a power of two
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer Src { float src[]; };
layout(binding = 1) writeonly buffer Packed { uint packed[]; };
layout(binding = 2) writeonly buffer Norms { float norms[]; };
layout(binding = 3) writeonly buffer Probe { float probe[]; };

const uint BLOCKS = DIM / 256;                   // norms per vector
const uint PER_WORD = NIBBLES == 1 ? 8 : 4;      // indices in 32 bits
const uint INDEX_BITS = 32 / PER_WORD;
const float tq_boundary[TQ_HALVES] = float[](TQ_BOUNDARIES);
shared float x[DIM], boundary[256], part[BLOCKS * WG];

// Number of the 2^bits - 1 ascending boundaries below v: ties go down, NaN gives 0.
uint index_of(float v, uint bits)
{
    uint n = 0;
    for (uint step = 1u << (bits - 1u); step > 0u; step /= 2u)
        if (v > boundary[n + step - 1u]) n += step;
    return n;
}

void main()
{
    const uint t = gl_LocalInvocationID.x, h = gl_WorkGroupID.x, token = gl_WorkGroupID.y;
    const uint bits = NIBBLES == 1 ? 4u : p.codebook_bits, position = p.write_pos + token;
    const uint slot = h * p.cache_capacity + (p.is_sliding != 0u ? position % p.cache_capacity : position);
    const uint from = ((p.src_tok_offset + token) * p.num_kv_heads + h) * DIM;

    for (uint i = t; i + 1u < 1u << bits; i += WG) boundary[i] = TQ_BOUNDARY(tq_boundary, bits, i);
    for (uint j = t; j < DIM; j += WG) x[j] = tq_signed(src[from + j], j);
    TQ_FWHT(x, 0u, t, WG);

    // Each work item scales and then reads only its own coordinates until the reduction is done.
    for (uint b = 0; b < BLOCKS; b++) {
        float sum = 0.0;
        for (uint j = t; j < 256; j += WG) {
            const float z = x[256 * b + j] * tq_inv_sqrt;
            x[256 * b + j] = z;
            sum += z * z;
        }
        part[b * WG + t] = sum;
    }
    barrier();
    for (uint k = WG / 2; k > 0; k /= 2) {
        for (uint b = 0; b < BLOCKS && t < k; b++) part[b * WG + t] += part[b * WG + t + k];
        barrier();
    }

    float scale[BLOCKS];
    for (uint b = 0; b < BLOCKS; b++) {
        const float norm = sqrt(DIM == 256 ? part[0] : part[b * WG] / 256.0);
        scale[b] = norm > 1e-10 ? 1.0 / norm * (DIM == 256 ? 16.0 : p.scale_factor_d512) : 0.0;
        if (t == 0) norms[slot * BLOCKS + b] = norm;
    }
    for (uint w = t; w < DIM / PER_WORD; w += WG) {
        uint word = 0;
        for (uint i = 0; i < PER_WORD; i++) {
            const uint j = w * PER_WORD + i;
            const float v = x[j] * scale[j / 256];
            word |= index_of(v, bits) << (i * INDEX_BITS);
#if NIBBLES
            if (p.rms_probe_enabled != 0u) probe[(h * p.n_tokens + token) * DIM + j] = v;
#endif
        }
        packed[slot * (DIM / PER_WORD) + w] = word;
    }
}
