#version 450
// w = bf(A (k * beta * exp(g))) and u = bf(A (v * beta)) per chunk of 64 tokens and head: A is 64 x 64 in f32, its
// right operand is rounded to bf16.  Source: mlx-native, gated_delta_net_recompute_wu.metal. SPLIT workgroups share a
// chunk of a head; each takes every SPLIT-th strip of BX columns, those of u first.  The transposed A and the strip's
// operand lie in local memory; a work item computes blocks of 4 x 4 cells, R4 of them.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.def"

layout(constant_id = 1000) const uint BX = 32;
layout(constant_id = 1001) const uint WG = 128;
layout(constant_id = 1002) const uint SPLIT = 1;
layout(local_size_x_id = 1001) in;
layout(binding = 0) readonly buffer K { TX4 k4[]; };
layout(binding = 1) readonly buffer V { TX4 v4[]; };
layout(binding = 2) readonly buffer Beta { float beta[]; };
layout(binding = 3) readonly buffer G { float g[]; };
layout(binding = 4) readonly buffer Inverse { float A[]; };
layout(binding = 5) writeonly buffer W { TX4 w4[]; };
layout(binding = 6) writeonly buffer U { TX4 u4[]; };

const uint CHUNK = 64;
const uint TX = BX / 4;                          // groups of four columns of a strip
const uint TY = WG / TX;                         // groups of four rows that are worked on at once
const uint R4 = CHUNK / 4 / TY;
const uint A_ROW = 17;                           // vec4 per row of A^T: 16, and one against bank conflicts

shared vec4 a4[CHUNK * A_ROW];                   // a4[j * A_ROW + i / 4] = A[i..i+3][j]
shared vec4 staged[CHUNK * TX];
shared float scale[CHUNK], decay[CHUNK];

void main()
{
    const uint t = gl_LocalInvocationID.x, tx = t % TX, ty = t / TX;
    const uint chunk = gl_WorkGroupID.x / SPLIT, strip = gl_WorkGroupID.x % SPLIT;
    const uint h = gl_WorkGroupID.y, kh = h / (p.v_heads / p.k_heads);
    const uint t0 = gl_WorkGroupID.z * p.seq_len + chunk * CHUNK;

    for (uint i = t; i < CHUNK; i += WG) {
        scale[i] = beta[(t0 + i) * p.v_heads + h];
        decay[i] = exp(g[(t0 + i) * p.v_heads + h]);
    }
    for (uint n = t; n < CHUNK * CHUNK / 4; n += WG) {
        const uint i = n / CHUNK * 4, j = n % CHUNK, step = p.v_heads * CHUNK;
        const uint cell = ((t0 + i) * p.v_heads + h) * CHUNK + j;
        a4[j * A_ROW + i / 4] = vec4(A[cell], A[cell + step], A[cell + 2 * step], A[cell + 3 * step]);
    }
    for (uint x = strip * BX; x < p.v_dim + p.k_dim; x += SPLIT * BX) {
        const bool keys = x >= p.v_dim;
        barrier();                               // the strip before is done with, the first time the tables are there
        for (uint n = t; n < CHUNK * TX; n += WG) {
            const uint j = n / TX, column = n % TX;
            const uint vat = ((t0 + j) * p.v_heads + h) * p.v_dim + x;
            const uint kat = ((t0 + j) * p.k_heads + kh) * p.k_dim + x - p.v_dim;
            vec4 s;
            if (keys) s = LOADX4(k4, kat / 4 + column) * scale[j] * decay[j];
            else s = LOADX4(v4, vat / 4 + column) * scale[j];
            staged[n] = mxb_from_bf16x4(mxb_to_bf16x4(s));
        }
        barrier();

        vec4 acc[R4 * 4];
        for (uint i = 0; i < R4 * 4; i++) acc[i] = vec4(0.0);
        for (uint j = 0; j < CHUNK; j++) {
            const vec4 s = staged[j * TX + tx];
            for (uint r = 0; r < R4; r++) {
                const vec4 a = a4[j * A_ROW + ty + r * TY];
                acc[r * 4] += a.x * s;
                acc[r * 4 + 1] += a.y * s;
                acc[r * 4 + 2] += a.z * s;
                acc[r * 4 + 3] += a.w * s;
            }
        }
        for (uint r = 0; r < R4; r++)
            for (uint i = 0; i < 4; i++) {
                const uint row = (t0 + (ty + r * TY) * 4 + i) * p.v_heads + h;
                if (keys) STOREX4(w4, (row * p.k_dim + x - p.v_dim) / 4 + tx, acc[r * 4 + i]);
                else STOREX4(u4, (row * p.v_dim + x) / 4 + tx, acc[r * 4 + i]);
            }
    }
}
