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
#extension GL_EXT_control_flow_attributes : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.def"

#ifdef RUNTIME                       // read from the parameters where others have constants of the pipeline
#define align_Q (p.seq_len_q % BQ == 0)
#define align_K (p.seq_len_k % BK == 0)
#define has_mask (p.mask != 0)
#define CAUSAL (p.do_causal != 0)
#define SKIP (p.has_blk != 0)
#else
layout(constant_id = 200) const bool align_Q = true;
layout(constant_id = 201) const bool align_K = true;
layout(constant_id = 300) const bool has_mask = false;
layout(constant_id = 301) const bool CAUSAL = false;
layout(constant_id = 303) const bool SKIP = false;
#endif
layout(constant_id = 1000) const uint BQ = 32;
layout(constant_id = 1001) const uint BK = 16;
layout(constant_id = 1002) const uint WG = 128;
layout(constant_id = 1003) const uint RQ = 4;
layout(local_size_x_id = 1002) in;

#if DTYPE == 0
#define NV 1                         // vec4 per 16 bytes
#else
#define NV 2
#endif
const uint U = BD / (4 * NV);        // 16-byte words per row
const uint LD = U + 1;               // local row stride in words
const uint TQ = BQ / RQ;             // row groups
const uint TX = WG / TQ;             // work items per row group, a multiple of 4
const uint CK = BK / TX;             // keys per work item
const uint CO = U / TX;              // output words per work item and row
const uint LP = BK / 4 + 1;          // row stride of prob in vec4
const float LOG2E = 1.44269504;
const float NEG_BIG = -1.7014117e38; // -FLT_MAX / 2: start of the running maximum, which so stays finite

layout(binding = 0) readonly buffer BufQ { uvec4 Q[]; };
layout(binding = 1) readonly buffer BufK { uvec4 K[]; };
layout(binding = 2) readonly buffer BufV { uvec4 V[]; };
layout(binding = 3) writeonly buffer BufO { uvec4 O[]; };
layout(binding = 4) readonly buffer BufMask { T2 mask[]; };
layout(binding = 5) readonly buffer BufBlk { uint8_t blk[]; };

shared uvec4 q_tile[BQ * LD];
shared uvec4 kv_tile[BK * LD];
shared vec4 part_max[BQ * TX / 4];   // [row][tx]: maximum over a work item's keys
shared vec4 prob[BQ * LP];           // [row][key]

// The elements of a 16-byte word, and back with one rounding each.
void widen(uvec4 w, out vec4 x[NV])
{
#if DTYPE == 0
    x[0] = uintBitsToFloat(w);
#elif DTYPE == 1
    x[0] = mxb_from_f16x4(w.xy);
    x[1] = mxb_from_f16x4(w.zw);
#else
    x[0] = mxb_from_bf16x4(w.xy);
    x[1] = mxb_from_bf16x4(w.zw);
#endif
}
uvec4 narrow(vec4 x[NV])
{
#if DTYPE == 0
    return floatBitsToUint(x[0]);
#elif DTYPE == 1
    return uvec4(mxb_to_f16x4(x[0]), mxb_to_f16x4(x[1]));
#else
    return uvec4(mxb_to_bf16x4(x[0]), mxb_to_bf16x4(x[1]));
#endif
}

// The first key tile from kb on that is not skipped.
uint next_tile(uint kb, uint end, uint blk_row)
{
    while (SKIP && kb < end && uint(blk[blk_row + kb]) == 0) kb++;
    return kb;
}

void load_q(uint base, uint rows, float alpha)
{
    for (uint i = gl_LocalInvocationID.x; i < BQ * U; i += WG) {
        const uint row = i / U, col = i % U;
        uvec4 w = uvec4(0);
        if (align_Q || row < rows) w = Q[base + i];
        if (p.narrow_q != 0) {
            vec4 x[NV];
            widen(w, x);
            [[unroll]] for (uint v = 0; v < NV; v++) x[v] *= alpha;
            w = narrow(x);
        }
        q_tile[row * LD + col] = w;
    }
}

// State of this work item: output, running maximum and sum of its rows, scores of the current key tile.
vec4 o[RQ * CO * NV];
float m[RQ], l[RQ], s[RQ * CK];
float f[RQ];                         // what the state is multiplied by at the current key tile

// s = Q' K^T.
void product_qk(uint ty, uint tx)
{
    vec4 acc[RQ * CK];
    [[unroll]] for (uint i = 0; i < RQ * CK; i++) acc[i] = vec4(0);
    [[dont_unroll]] for (uint u = 0; u < U; u++) {
        [[unroll]] for (uint c = 0; c < CK; c++) {
            vec4 k[NV];
            widen(kv_tile[(tx + c * TX) * LD + u], k);
            [[unroll]] for (uint r = 0; r < RQ; r++) {
                vec4 q[NV];
                widen(q_tile[(ty + r * TQ) * LD + u], q);
                [[unroll]] for (uint v = 0; v < NV; v++) acc[r * CK + c] = fma(q[v], k[v], acc[r * CK + c]);
            }
        }
    }
    [[unroll]] for (uint i = 0; i < RQ * CK; i++) s[i] = (acc[i].x + acc[i].y) + (acc[i].z + acc[i].w);
}

// x with the mask's term, or -inf where query row `row` does not attend `key`.  mask_row: first mask cell of the row.
float masked(float x, uint row, uint key, uint mask_row, bool use_mask)
{
    const float blocked = uintBitsToFloat(0xff800000u);
    if (!align_K && key >= p.seq_len_k) return blocked;
    if (CAUSAL && key > row + p.q_offset) return blocked;
    if (has_mask && use_mask && (align_Q || row < p.seq_len_q)) {
#if BOOLMASK
        if (uint(mask[mask_row + key]) == 0) return blocked;
#else
        x = fma(LOG2E, LOAD2(mask, mask_row + key), x);
#endif
    }
    return x;
}

// Masks s and leaves the maximum over this work item's keys in part_max.
void mask_scores(uint ty, uint tx, uint q0, uint k0, uint mask_head, float unit, bool use_mask)
{
    [[unroll]] for (uint r = 0; r < RQ; r++) {
        const uint row = q0 + ty + r * TQ, mask_row = (mask_head + row) * p.seq_len_k;
        float top = NEG_BIG;
        [[unroll]] for (uint c = 0; c < CK; c++) {
            const float x = masked(s[r * CK + c] * unit, row, k0 + tx + c * TX, mask_row, use_mask);
            top = max(top, x);
            s[r * CK + c] = x;
        }
        part_max[((ty + r * TQ) * TX + tx) / 4][tx % 4] = top;
    }
}

// Moves the state to the new maximum and turns s into probabilities.
void softmax(uint ty, uint tx)
{
    [[unroll]] for (uint r = 0; r < RQ; r++) {
        vec4 top4 = vec4(m[r]);
        [[unroll]] for (uint i = 0; i < TX / 4; i++) top4 = max(top4, part_max[(ty + r * TQ) * (TX / 4) + i]);
        const float top = max(max(top4.x, top4.y), max(top4.z, top4.w));
        f[r] = top == m[r] ? 1.0 : exp2(m[r] - top);
        m[r] = top;
        [[unroll]] for (uint i = 0; i < CO * NV; i++) o[r * CO * NV + i] *= f[r];
        [[unroll]] for (uint c = 0; c < CK; c++) {
            const uint key = tx + c * TX;
            // Vulkan does not say what exp2(-inf) is.  A NaN score takes the other branch and comes through.
            const float x = s[r * CK + c], w = x < NEG_BIG ? 0.0 : exp2(x - top);
            prob[(ty + r * TQ) * LP + key / 4][key % 4] = w;
        }
    }
}

// o += P V and l = l f + row sums of P.
void product_pv(uint ty, uint tx)
{
    float sum[RQ];
    [[unroll]] for (uint r = 0; r < RQ; r++) sum[r] = 0.0;
    [[dont_unroll]] for (uint j = 0; j < BK / 4; j++) {
        vec4 w[RQ];
        [[unroll]] for (uint r = 0; r < RQ; r++) {
            w[r] = prob[(ty + r * TQ) * LP + j];
            sum[r] += (w[r].x + w[r].y) + (w[r].z + w[r].w);
        }
        [[unroll]] for (uint e = 0; e < 4; e++)
            [[unroll]] for (uint n = 0; n < CO; n++) {
                vec4 x[NV];
                widen(kv_tile[(4 * j + e) * LD + tx + n * TX], x);
                [[unroll]] for (uint r = 0; r < RQ; r++)
                    [[unroll]] for (uint v = 0; v < NV; v++)
                        o[(r * CO + n) * NV + v] = fma(vec4(w[r][e]), x[v], o[(r * CO + n) * NV + v]);
            }
    }
    [[unroll]] for (uint r = 0; r < RQ; r++) l[r] = fma(l[r], f[r], sum[r]);
}

void store_o(uint ty, uint tx, uint base, uint rows)
{
    [[unroll]] for (uint r = 0; r < RQ; r++) {
        const uint row = ty + r * TQ;
        if (align_Q || row < rows)
            [[unroll]] for (uint n = 0; n < CO; n++) {
                vec4 x[NV];
                [[unroll]] for (uint v = 0; v < NV; v++)
                    x[v] = l[r] == 0.0 ? vec4(0) : o[(r * CO + n) * NV + v] / l[r];
                O[base + row * U + tx + n * TX] = narrow(x);
            }
    }
}

void main()
{
    const uint t = gl_LocalInvocationID.x, ty = t / TX, tx = t % TX;
    const uint h = gl_WorkGroupID.x, qt = gl_NumWorkGroups.y - 1 - gl_WorkGroupID.y, b = gl_WorkGroupID.z;
    const uint q0 = qt * BQ, rows = p.seq_len_q - q0, head = b * p.n_heads + h;
    const uint q_base = (head * p.seq_len_q + q0) * U;
    const uint kv_base = (b * p.n_kv_heads + h / (p.n_heads / p.n_kv_heads)) * p.seq_len_k * U;
    const uint mask_head = p.mask == 2 ? head * p.seq_len_q : 0;
    const uint nk = (p.seq_len_k + BK - 1) / BK;
    const uint end = CAUSAL ? min(nk, ((qt + 1) * BQ + p.q_offset + BK - 1) / BK) : nk;
    const float alpha = p.scale * LOG2E, unit = p.narrow_q != 0 ? 1.0 : alpha;

    load_q(q_base, rows, ROUND_T(alpha));
    [[unroll]] for (uint i = 0; i < RQ * CO * NV; i++) o[i] = vec4(0);
    [[unroll]] for (uint r = 0; r < RQ; r++) {
        m[r] = NEG_BIG;
        l[r] = 0;
    }
    for (uint kb = next_tile(0, end, qt * nk); kb < end; kb = next_tile(kb + 1, end, qt * nk)) {
        const uint k0 = kb * BK, words = (p.seq_len_k - k0) * U;   // 16-byte words of K and V from here on
        const bool use_mask = !SKIP || uint(blk[qt * nk + kb]) != 2;
        for (uint i = t; i < BK * U; i += WG)
            kv_tile[i / U * LD + i % U] = align_K || i < words ? K[kv_base + k0 * U + i] : uvec4(0);
        barrier();                   // K and, the first time, Q' are there
        product_qk(ty, tx);
        mask_scores(ty, tx, q0, k0, mask_head, unit, use_mask);
        barrier();                   // K has been used, part_max is complete
        for (uint i = t; i < BK * U; i += WG)
            kv_tile[i / U * LD + i % U] = align_K || i < words ? V[kv_base + k0 * U + i] : uvec4(0);
        softmax(ty, tx);
        barrier();                   // V and prob are there
        product_pv(ty, tx);
        barrier();                   // and have been used
    }
    store_o(ty, tx, q_base, rows);
}
