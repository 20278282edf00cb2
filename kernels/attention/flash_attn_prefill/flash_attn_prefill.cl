// O = softmax(Q K^T * scale + mask) V, tiled, online softmax in base 2; one workgroup per (BQ query rows, head, batch).
// Source: mlx-native, flash_attn_prefill.metal.  T operands are widened to f32, all accumulators and the probabilities
// are f32; alpha = T(scale * log2 e) and Q' = T(alpha * Q) are narrowed (narrow_q) as upstream does.
//
// Work items form TQ row groups of TX.  A work item owns query rows ty + r * TQ (r < RQ) of the tile, their scores for
// the keys tx + c * TX of a key tile, and their output for the 16-byte columns tx + n * TX.  Q' stays in local memory
// as T, K and V take turns in one buffer.  Local rows are 16 bytes longer than BD elements, so that 16-byte reads of
// eight neighbouring rows meet all 32 banks.
//
// A key tile without an attended key leaves the state of a row as it was: every P is +0, the maximum does not move, so
// f is 1 by selection, and adding P * V = 0 to a sum changes nothing.  Skipping it (class 0 of blk) gives the same bits.
#include "kernels/common/mxb.cl.h"
#ifdef RUNTIME                       // read from the parameters where others have constants of the pipeline
#define align_Q (p.seq_len_q % BQ == 0)
#define align_K (p.seq_len_k % BK == 0)
#define has_mask (p.mask != 0)
#define CAUSAL (p.do_causal != 0)
#define SKIP (p.has_blk != 0)
#else
enum { CAUSAL = do_causal, SKIP = has_blk };     // the constants' names are also those of parameters
#undef do_causal
#undef has_blk
#endif
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.def"
#pragma OPENCL FP_CONTRACT OFF       // products are fused where it is written, the same with and without blk

#if DTYPE == 0
#define E 4                          // elements per 16 bytes
#define VEC float4
#else
#define E 8
#define VEC float8
#endif
#define U (BD / E)                   // 16-byte words per row
#define LD (U + 1)                   // local row stride in words
#define TQ (BQ / RQ)                 // row groups
#define TX (WG / TQ)                 // work items per row group, a multiple of 4
#define CK (BK / TX)                 // keys per work item
#define CO (U / TX)                  // output words per work item and row
#define LP (BK + 4)                  // row stride of prob
#define LOG2E 1.44269504f
#define NEG_BIG -1.7014117e38f       // -FLT_MAX / 2: start of the running maximum, which so stays finite

// The elements of a 16-byte word, and back with one rounding each.
VEC widen(uint4 w)
{
#if DTYPE == 0
    return as_float4(w);
#elif DTYPE == 1
    return vload_half8(0, (const half *)&w);
#else
    return as_float8(convert_uint8(as_ushort8(w)) << 16);
#endif
}
uint4 narrow(VEC x)
{
#if DTYPE == 0
    return as_uint4(x);
#elif DTYPE == 1
    uint4 w;
    vstore_half8_rte(x, 0, (half *)&w);
    return w;
#else
    return as_uint4((ushort8)(mxb_to_bf16x4(x.lo), mxb_to_bf16x4(x.hi)));
#endif
}
float sum(VEC x)
{
#if DTYPE == 0
    const float4 y = x;
#else
    const float4 y = x.lo + x.hi;
#endif
    return (y.x + y.y) + (y.z + y.w);
}

// The first key tile from kb on that is not skipped.
uint next_tile(uint kb, uint end, __global const uchar *blk_row, bool skip)
{
    while (skip && kb < end && blk_row[kb] == 0) kb++;
    return kb;
}

// Rows [0,n) of a tile; those from `rows` on are zero, unless all are there.
void load_tile(__local uint4 *tile, __global const uint4 *from, uint n, uint rows, bool all, uint t)
{
    for (uint i = t; i < n * U; i += WG) tile[i / U * LD + i % U] = all || i / U < rows ? from[i] : (uint4)(0);
}

// What a work item keeps from key tile to key tile: output, running maximum and sum of its rows.  Arrays of state are
// indexed by constants once loops are unrolled, and stay in registers.
struct state { VEC o[RQ * CO]; float m[RQ], l[RQ]; };

// s = Q' K^T
void product_qk(__local const uint4 *q_tile, __local const uint4 *k_tile, float *s, uint t, uint ty, uint tx)
{
    VEC acc[RQ * CK];
    #pragma unroll
    for (uint i = 0; i < RQ * CK; i++) acc[i] = 0.0f;
    // A bound that seems to vary among work items keeps PoCL from running the whole group for each step of the loop,
    // with acc in memory.
    const uint n_words = t < WG ? U : 0;
    for (uint u = 0; u < n_words; u++) {
        #pragma unroll
        for (uint c = 0; c < CK; c++) {
            const VEC k = widen(k_tile[(tx + c * TX) * LD + u]);
            #pragma unroll
            for (uint r = 0; r < RQ; r++)
                acc[r * CK + c] = fma(widen(q_tile[(ty + r * TQ) * LD + u]), k, acc[r * CK + c]);
        }
    }
    #pragma unroll
    for (uint i = 0; i < RQ * CK; i++) s[i] = sum(acc[i]);
}

// x with the mask's term, or -inf where query row `row` does not attend `key`.  mask_row: first mask cell of the row.
float masked(float x, uint row, uint key, __global const T2 *mask_row, bool use_mask, struct flash_attn_prefill_params p)
{
    if (!align_K && key >= p.seq_len_k) return -INFINITY;
    if (CAUSAL && key > row + p.q_offset) return -INFINITY;
    if (has_mask && use_mask && (align_Q || row < p.seq_len_q)) {
#if BOOLMASK
        if (mask_row[key] == 0) return -INFINITY;
#else
        x = fma(LOG2E, LOAD2(mask_row, key), x);
#endif
    }
    return x;
}

// Moves the state to the new maximum and turns s into probabilities.
void softmax(struct state *st, const float *s, __local const float *part_max, __local float *prob, uint ty, uint tx)
{
    #pragma unroll
    for (uint r = 0; r < RQ; r++) {
        float top = st->m[r];
        for (uint i = 0; i < TX; i++) top = fmax(top, part_max[(ty + r * TQ) * TX + i]);
        const float f = top == st->m[r] ? 1.0f : exp2(st->m[r] - top);
        st->m[r] = top;
        st->l[r] *= f;
        #pragma unroll
        for (uint n = 0; n < CO; n++) st->o[r * CO + n] *= f;
        #pragma unroll
        for (uint c = 0; c < CK; c++) prob[(ty + r * TQ) * LP + tx + c * TX] = exp2(s[r * CK + c] - top);
    }
}

// o += P V and l += row sums of P
void product_pv(struct state *st, __local const float *prob, __local const uint4 *v_tile, uint ty, uint tx)
{
    for (uint j = 0; j < BK; j += 4) {
        float4 w[RQ];
        #pragma unroll
        for (uint r = 0; r < RQ; r++) {
            w[r] = *(__local const float4 *)&prob[(ty + r * TQ) * LP + j];
            st->l[r] += (w[r].x + w[r].y) + (w[r].z + w[r].w);
        }
        #pragma unroll
        for (uint n = 0; n < CO; n++) {
            __local const uint4 *v = &v_tile[j * LD + tx + n * TX];
            const VEC v0 = widen(v[0]), v1 = widen(v[LD]), v2 = widen(v[2 * LD]), v3 = widen(v[3 * LD]);
            #pragma unroll
            for (uint r = 0; r < RQ; r++) {
                VEC o = fma((VEC)(w[r].x), v0, st->o[r * CO + n]);
                o = fma((VEC)(w[r].y), v1, o);
                o = fma((VEC)(w[r].z), v2, o);
                st->o[r * CO + n] = fma((VEC)(w[r].w), v3, o);
            }
        }
    }
}

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_prefill(__global const uint4 *Q, __global const uint4 *K, __global const uint4 *V, __global uint4 *O,
                        __global const T2 *mask, __global const uchar *blk, const struct flash_attn_prefill_params p)
{
    __local uint4 q_tile[BQ * LD], kv_tile[BK * LD];
    __local float part_max[BQ * TX];             // [row][tx]: maximum over a work item's keys
    __local float prob[BQ * LP];                 // [row][key]
    const uint t = (uint)get_local_id(0), ty = t / TX, tx = t % TX;
    const uint h = (uint)get_group_id(0), b = (uint)get_group_id(2), qt = (uint)(get_num_groups(1) - 1 - get_group_id(1));
    const uint q0 = qt * BQ, rows = p.seq_len_q - q0, head = b * p.n_heads + h;
    const uint kv_head = b * p.n_kv_heads + h / (p.n_heads / p.n_kv_heads), nk = (p.seq_len_k + BK - 1) / BK;
    const uint end = CAUSAL ? min(nk, ((qt + 1) * BQ + p.q_offset + BK - 1) / BK) : nk;
    const float alpha = p.scale * LOG2E, unit = p.narrow_q ? 1.0f : alpha, alpha_q = ROUND_T(alpha);
    Q += (size_t)(head * p.seq_len_q + q0) * U;
    O += (size_t)(head * p.seq_len_q + q0) * U;
    K += (size_t)(kv_head * p.seq_len_k) * U;
    V += (size_t)(kv_head * p.seq_len_k) * U;
    mask += p.mask == 2 ? (size_t)head * p.seq_len_q * p.seq_len_k : 0;
    blk += qt * nk;

    struct state st;
    #pragma unroll
    for (uint i = 0; i < RQ * CO; i++) st.o[i] = 0.0f;
    #pragma unroll
    for (uint r = 0; r < RQ; r++) {
        st.m[r] = NEG_BIG;
        st.l[r] = 0.0f;
    }
    load_tile(q_tile, Q, BQ, rows, align_Q, t);
    if (p.narrow_q)                              // each work item narrows the words that it has stored
        for (uint i = t; i < BQ * U; i += WG) q_tile[i / U * LD + i % U] = narrow(widen(q_tile[i / U * LD + i % U]) * alpha_q);

    for (uint kb = next_tile(0, end, blk, SKIP); kb < end; kb = next_tile(kb + 1, end, blk, SKIP)) {
        const uint k0 = kb * BK;
        const bool use_mask = !SKIP || blk[kb] != 2;
        float s[RQ * CK];
        load_tile(kv_tile, K + (size_t)k0 * U, BK, p.seq_len_k - k0, align_K, t);
        barrier(CLK_LOCAL_MEM_FENCE);            // K and, the first time, Q' are there
        product_qk(q_tile, kv_tile, s, t, ty, tx);
        #pragma unroll
        for (uint r = 0; r < RQ; r++) {
            const uint row = q0 + ty + r * TQ;
            float top = NEG_BIG;
            #pragma unroll
            for (uint c = 0; c < CK; c++) {
                s[r * CK + c] = masked(s[r * CK + c] * unit, row, k0 + tx + c * TX, mask + (size_t)row * p.seq_len_k, use_mask, p);
                top = fmax(top, s[r * CK + c]);
            }
            part_max[(ty + r * TQ) * TX + tx] = top;
        }
        barrier(CLK_LOCAL_MEM_FENCE);            // K has been used, part_max is complete
        load_tile(kv_tile, V + (size_t)k0 * U, BK, p.seq_len_k - k0, align_K, t);
        softmax(&st, s, part_max, prob, ty, tx);
        barrier(CLK_LOCAL_MEM_FENCE);            // V and prob are there
        product_pv(&st, prob, kv_tile, ty, tx);
        barrier(CLK_LOCAL_MEM_FENCE);            // and have been used
    }
    #pragma unroll
    for (uint r = 0; r < RQ; r++)
        if (align_Q || ty + r * TQ < rows)
            #pragma unroll
            for (uint n = 0; n < CO; n++)
                O[(ty + r * TQ) * U + tx + n * TX] = narrow(st.l[r] == 0.0f ? (VEC)(0.0f) : st.o[r * CO + n] / st.l[r]);
}
