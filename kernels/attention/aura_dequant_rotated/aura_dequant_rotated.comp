#version 450
// out[r,d] = T(codebook[code of row r, d] * norm[r]); one work item per VEC coordinates (VEC divides dim).
// Source: metaltile, aura_dequant_rotated.rs.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/packed_codes.glsl"
#include "kernels/attention/aura_dequant_rotated/aura_dequant_rotated.def"

layout(constant_id = 1000) const uint WG = 128;
layout(constant_id = 1001) const uint VEC = 4;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer Packed { uint packed[]; };
layout(binding = 1) readonly buffer Norms { T norms[]; };
layout(binding = 2) readonly buffer Codebook { T codebook[]; };
layout(binding = 3) writeonly buffer Result { T result[]; };       // two views of the output
layout(binding = 3) writeonly buffer Result4 { TX4 result4[]; };

#define NUMBER(d) (LOAD(codebook, CODE_AT(packed, first, d, uint(BITS))) * norm)

void main()
{
    const uint group = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x;
    const uint i = group * WG + gl_LocalInvocationID.x, per_row = p.dim / VEC, row = i / per_row, d = i % per_row * VEC;
    if (row >= p.heads * p.tokens) return;
    const uint first = row * CODE_WORDS(p.dim, uint(BITS));
    const float norm = LOAD(norms, row);
    if (VEC == 4) STOREX4(result4, i, vec4(NUMBER(d), NUMBER(d + 1), NUMBER(d + 2), NUMBER(d + 3)));
    else STORE(result, i, NUMBER(d));
}
