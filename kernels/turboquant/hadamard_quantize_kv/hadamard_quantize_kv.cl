// Rotates a vector by signs and Walsh-Hadamard transform, splits off its norm (DIM = 512: one per half) and stores the
// indices of its coordinates in a Lloyd-Max codebook; one workgroup per vector.
// Source: mlx-native, hadamard_quantize_kv_fast.metal.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/tq.cl.h"
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.def"

#define BLOCKS (DIM / 256)           // norms per vector
#define PER_WORD (NIBBLES ? 8 : 4)   // indices in 32 bits
#define INDEX_BITS (32 / PER_WORD)
__constant float tq_boundary[] = { TQ_BOUNDARIES };

// Number of the 2^bits - 1 ascending boundaries below v: ties go down, NaN gives 0.
uint index_of(float v, __local const float *boundary, uint bits)
{
    uint n = 0;
    for (uint step = 1u << (bits - 1); step > 0; step /= 2)
        if (v > boundary[n + step - 1]) n += step;
    return n;
}

// WG is a power of two.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void hadamard_quantize_kv(__global const float *src, __global uint *packed, __global float *norms,
                          __global float *probe, const struct hadamard_quantize_kv_params p)
{
    __local float x[DIM], boundary[256], part[BLOCKS * WG];
    const uint t = (uint)get_local_id(0), h = (uint)get_group_id(0), token = (uint)get_group_id(1);
    const uint bits = NIBBLES ? 4u : p.codebook_bits, position = p.write_pos + token;
    const uint slot = h * p.cache_capacity + (p.is_sliding ? position % p.cache_capacity : position);
    src += (size_t)((p.src_tok_offset + token) * p.num_kv_heads + h) * DIM;
    packed += (size_t)slot * (DIM / PER_WORD);
    probe += (size_t)(h * p.n_tokens + token) * DIM;

    for (uint i = t; i + 1 < 1u << bits; i += WG) boundary[i] = TQ_BOUNDARY(tq_boundary, bits, i);
    for (uint j = t; j < DIM; j += WG) x[j] = tq_signed(src[j], j);
    tq_fwht(x, t, WG);

    // Each work item scales and then reads only its own coordinates until the reduction is done.
    for (uint b = 0; b < BLOCKS; b++) {
        float sum = 0.0f;
        for (uint j = t; j < 256; j += WG) {
            const float z = x[256 * b + j] * TQ_INV_SQRT;
            x[256 * b + j] = z;
            sum += z * z;
        }
        part[b * WG + t] = sum;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        for (uint b = 0; b < BLOCKS && t < k; b++) part[b * WG + t] += part[b * WG + t + k];
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    float scale[BLOCKS];
    for (uint b = 0; b < BLOCKS; b++) {
        const float norm = sqrt(DIM == 256 ? part[0] : part[b * WG] / 256.0f);
        scale[b] = norm > 1e-10f ? 1.0f / norm * (DIM == 256 ? 16.0f : p.scale_factor_d512) : 0.0f;
        if (t == 0) norms[slot * BLOCKS + b] = norm;
    }
    for (uint w = t; w < DIM / PER_WORD; w += WG) {
        uint word = 0;
        for (uint i = 0; i < PER_WORD; i++) {
            const uint j = w * PER_WORD + i;
            const float v = x[j] * scale[j / 256];
            word |= index_of(v, boundary, bits) << (i * INDEX_BITS);
#if NIBBLES
            if (p.rms_probe_enabled) probe[j] = v;
#endif
        }
        packed[w] = word;
    }
}
