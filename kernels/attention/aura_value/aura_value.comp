#version 450
// out[h,d] = T(sum_t (w[h,t] * norm[g,t]) * codebook[code of value g, t, d]) over the tokens with w >=
// sparse_threshold.  Source: metaltile, aura_value.rs.  A workgroup computes DX coordinates of a head; SLICES work items
// share a coordinate, each with every SLICES-th token, and the first adds up their sums.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/packed_codes.glsl"
#include "kernels/attention/aura_value/aura_value.def"

layout(constant_id = 1000) const uint DX = 32;
layout(constant_id = 1001) const uint SLICES = 8;
layout(constant_id = 1002) const uint WG = 256;  // DX * SLICES
layout(local_size_x_id = 1002) in;
layout(binding = 0) readonly buffer Weights { T weights[]; };
layout(binding = 1) readonly buffer Packed { uint packed[]; };
layout(binding = 2) readonly buffer Norms { T norms[]; };
layout(binding = 3) readonly buffer Codebook { T codebook[]; };
layout(binding = 4) writeonly buffer Result { T result[]; };
shared float number[1 << BITS], part[WG];

void main()
{
    const uint t = gl_LocalInvocationID.x, x = t % DX, slice = t / DX, h = gl_WorkGroupID.y;
    const uint d = gl_WorkGroupID.x * DX + x, first = h / (p.n_heads / p.n_kv_heads) * p.tokens;
    const uint words = CODE_WORDS(p.dim, uint(BITS));
    for (uint i = t; i < (1u << BITS); i += WG) number[i] = LOAD(codebook, i);
    barrier();

    float sum = 0.0;
    for (uint i = slice; i < p.tokens && d < p.dim; i += SLICES) {
        const float w = LOAD(weights, h * p.tokens + i);
        if (w >= p.sparse_threshold)
            sum += w * LOAD(norms, first + i) * number[CODE_AT(packed, (first + i) * words, d, uint(BITS))];
    }
    part[t] = sum;
    barrier();
    if (slice == 0 && d < p.dim) {
        for (uint k = 1; k < SLICES; k++) sum += part[k * DX + x];
        STORE(result, h * p.dim + d, sum);
    }
}
