// w = bf(A (k * beta * exp(g))) and u = bf(A (v * beta)) per chunk of 64 tokens and head: A is 64 x 64 in f32, its
// right operand is rounded to bf16.  Source: mlx-native, gated_delta_net_recompute_wu.metal. SPLIT workgroups share a
// chunk of a head; each takes every SPLIT-th strip of BX columns, those of u first.  The transposed A and the strip's
// operand lie in local memory; a work item computes blocks of 4 x 4 cells, R4 of them.
#include "kernels/common/mxb.cl.h"
#include "kernels/ssm/gated_delta_net_recompute_wu/gated_delta_net_recompute_wu.def"

#define CHUNK 64u
#define TX (BX / 4u)                             // groups of four columns of a strip
#define TY (WG / TX)                             // groups of four rows that are worked on at once
#define R4 (CHUNK / 4u / TY)
#define A_ROW 17u                                // float4 per row of A^T: 16, and one against bank conflicts

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void gated_delta_net_recompute_wu(__global const T *k, __global const T *v, __global const float *beta,
                                  __global const float *g, __global const float *A, __global T *w, __global T *u,
                                  const struct gated_delta_net_recompute_wu_params p)
{
    __local float4 a4[CHUNK * A_ROW];            // a4[j * A_ROW + i / 4] = A[i..i+3][j]
    __local float4 staged[CHUNK * TX];
    __local float scale[CHUNK], decay[CHUNK];
    const uint t = (uint)get_local_id(0), tx = t % TX, ty = t / TX;
    const uint chunk = (uint)get_group_id(0) / SPLIT, strip = (uint)get_group_id(0) % SPLIT;
    const uint h = (uint)get_group_id(1), kh = h / (p.v_heads / p.k_heads);
    const uint t0 = (uint)get_group_id(2) * p.seq_len + chunk * CHUNK;

    for (uint i = t; i < CHUNK; i += WG) {
        scale[i] = beta[(t0 + i) * p.v_heads + h];
        decay[i] = exp(g[(t0 + i) * p.v_heads + h]);
    }
    for (uint n = t; n < CHUNK * CHUNK / 4; n += WG) {
        const uint i = n / CHUNK * 4, j = n % CHUNK, step = p.v_heads * CHUNK;
        __global const float *cell = A + ((t0 + i) * p.v_heads + h) * CHUNK + j;
        a4[j * A_ROW + i / 4] = (float4)(cell[0], cell[step], cell[2 * step], cell[3 * step]);
    }
    for (uint x = strip * BX; x < p.v_dim + p.k_dim; x += SPLIT * BX) {
        const bool keys = x >= p.v_dim;
        barrier(CLK_LOCAL_MEM_FENCE);            // the strip before is done with, the first time the tables are there
        for (uint n = t; n < CHUNK * TX; n += WG) {
            const uint j = n / TX, column = n % TX;
            const uint vat = ((t0 + j) * p.v_heads + h) * p.v_dim + x;
            const uint kat = ((t0 + j) * p.k_heads + kh) * p.k_dim + x - p.v_dim;
            float4 s = (keys ? LOADX4(k, kat / 4 + column) : LOADX4(v, vat / 4 + column)) * scale[j];
            if (keys) s *= decay[j];
            staged[n] = mxb_from_bf16x4(mxb_to_bf16x4(s));
        }
        barrier(CLK_LOCAL_MEM_FENCE);

        float4 acc[R4][4];
        for (uint r = 0; r < R4; r++)
            for (uint i = 0; i < 4; i++) acc[r][i] = (float4)(0.0f);
        for (uint j = 0; j < CHUNK; j++) {
            const float4 s = staged[j * TX + tx];
            for (uint r = 0; r < R4; r++) {
                const float4 a = a4[j * A_ROW + ty + r * TY];
                acc[r][0] += a.x * s;
                acc[r][1] += a.y * s;
                acc[r][2] += a.z * s;
                acc[r][3] += a.w * s;
            }
        }
        for (uint r = 0; r < R4; r++)
            for (uint i = 0; i < 4; i++) {
                const uint row = (t0 + (ty + r * TY) * 4 + i) * p.v_heads + h;
                if (keys) STOREX4(w, (row * p.k_dim + x - p.v_dim) / 4 + tx, acc[r][i]);
                else STOREX4(u, (row * p.v_dim + x) / 4 + tx, acc[r][i]);
            }
    }
}
