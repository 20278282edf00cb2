#version 450
// scores[h,t] = T(norm[g,t] * sum_d q[h,d] codebook[code of key g, t, d]); one work item per key, WG keys of a head per
// workgroup.  Source: metaltile, aura_score.rs.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/packed_codes.glsl"
#include "kernels/attention/aura_score/aura_score.def"

layout(constant_id = 1000) const uint WG = 64;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer Query { T q_rot[]; };
layout(binding = 1) readonly buffer Packed { uint packed[]; };
layout(binding = 2) readonly buffer Norms { T norms[]; };
layout(binding = 3) readonly buffer Codebook { T codebook[]; };
layout(binding = 4) writeonly buffer Scores { T scores[]; };
shared float q[1024], number[1 << BITS];         // the largest dim

void main()
{
    const uint t = gl_LocalInvocationID.x, h = gl_WorkGroupID.y, token = gl_WorkGroupID.x * WG + t;
    const uint row = h / (p.n_heads / p.n_kv_heads) * p.tokens + token;
    for (uint d = t; d < p.dim; d += WG) q[d] = LOAD(q_rot, h * p.dim + d);
    for (uint i = t; i < (1u << BITS); i += WG) number[i] = LOAD(codebook, i);
    barrier();
    if (token >= p.tokens) return;

    const uint first = row * CODE_WORDS(p.dim, uint(BITS));
    float sum = 0.0;
    for (uint d = 0; d < p.dim; d++) sum += q[d] * number[CODE_AT(packed, first, d, uint(BITS))];
    STORE(scores, h * p.tokens + token, sum * LOAD(norms, row));
}
