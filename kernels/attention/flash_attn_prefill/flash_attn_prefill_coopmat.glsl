// O = softmax(Q K^T * scale + mask) V, f16 or bf16, on matrix units.  Contract and source: flash_attn_prefill_tiled.glsl.
//
// A workgroup owns BQ query rows of one head.  DS subgroups share 16 RB of them: each takes its part of the head dimension,
// of Q' as A matrices and of O as f32 accumulators, so that both fit into registers, and adds its part of the scores.  K and V
// tiles of BK keys lie in local memory, which RB = 2 reads half as often.  Matrices do not tell which element is where, so scores pass through local memory,
// where lanes own parts of rows (the subgroups that share rows do this alike), and a rescaling is a multiplication by a
// matrix that holds each row's factor in the whole row.
//
// Matrix units take the type of Q, K and V: probabilities are rounded to it before they meet V, and it is the rounded ones
// that are summed.
#extension GL_EXT_control_flow_attributes : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#extension GL_KHR_shader_subgroup_vote : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.def"

#if MXB_COOPMAT_NV
#define MAT_A fcoopmatNV<16, gl_ScopeSubgroup, 16, 16>
#define MAT_B fcoopmatNV<16, gl_ScopeSubgroup, 16, 16>
#define MAT_C fcoopmatNV<32, gl_ScopeSubgroup, 16, 16>
#define MAT_LOAD(m, buf, at, stride) coopMatLoadNV(m, buf, at, stride, false)
#define MAT_LOAD_COLUMNS(m, buf, at, stride) coopMatLoadNV(m, buf, at, stride, true)
#define MAT_STORE(m, buf, at, stride) coopMatStoreNV(m, buf, at, stride, false)
#define MAT_MUL_ADD(a, b, c) coopMatMulAddNV(a, b, c)
#else
#if DTYPE == 2
#define ELEMENT bfloat16_t
#else
#define ELEMENT float16_t
#endif
#define MAT_A coopmat<ELEMENT, gl_ScopeSubgroup, 16, 16, gl_MatrixUseA>
#define MAT_B coopmat<ELEMENT, gl_ScopeSubgroup, 16, 16, gl_MatrixUseB>
#define MAT_C coopmat<float, gl_ScopeSubgroup, 16, 16, gl_MatrixUseAccumulator>
#define MAT_LOAD(m, buf, at, stride) coopMatLoad(m, buf, at, stride, gl_CooperativeMatrixLayoutRowMajor)
#define MAT_LOAD_COLUMNS(m, buf, at, stride) coopMatLoad(m, buf, at, stride, gl_CooperativeMatrixLayoutColumnMajor)
#define MAT_STORE(m, buf, at, stride) coopMatStore(m, buf, at, stride, gl_CooperativeMatrixLayoutRowMajor)
#define MAT_MUL_ADD(a, b, c) coopMatMulAdd(a, b, c)
#endif

#if DTYPE == 2
#define WIDENX4 mxb_from_bf16x4
#define NARROWX4 mxb_to_bf16x4
#define NARROW_WEIGHTS mxb_to_bf16x4
#else
#define WIDENX4 mxb_from_f16x4
#define NARROWX4 mxb_to_f16x4
#define NARROW_WEIGHTS(w) uvec2(packHalf2x16((w).xy), packHalf2x16((w).zw))      // either rounding will do
#endif

layout(constant_id = 200) const bool align_Q = true;
layout(constant_id = 201) const bool align_K = true;
layout(constant_id = 300) const bool has_mask = false;
layout(constant_id = 301) const bool do_causal = false;
layout(constant_id = 303) const bool has_blk = false;
layout(constant_id = 1000) const uint BQ = 128;
layout(constant_id = 1001) const uint BK = 16;
layout(constant_id = 1002) const uint WG = 256;
layout(constant_id = 1003) const uint DS = 1;
layout(constant_id = 1004) const bool AHEAD = true;    // K and V of the next step are fetched before this one's products
layout(constant_id = 1005) const uint RB = 1;          // blocks of 16 rows per subgroup, 1 or 2
layout(local_size_x_id = 1002) in;

const uint U = BD / 8;               // 16-byte words per row
const uint LD = U + 1;               // local row stride in words: eight neighbouring rows meet all 32 banks
const uint NSG = BQ / 16 / RB * DS;  // subgroups
const uint ND = BD / 16 / DS;        // matrices along a subgroup's part of the head dimension
const uint SG = WG / NSG;            // their width, a multiple of 16 RB
const uint LS = BK / 4 + 1;          // row stride of score in words
const uint PART = SG / 16 / RB;      // lanes per row of scores
const uint ROWS = 16 * RB;           // rows of a subgroup
const uint HALF = BK * U, FETCH = (2 * HALF + WG - 1) / WG;    // words of K or V per step; of both, per lane
const float LOG2E = 1.44269504;
const float NEG_BIG = -1.7014117e38; // -FLT_MAX / 2: start of the running maximum, which so stays finite

layout(binding = 0) readonly buffer BufQ { uvec4 Q[]; };
layout(binding = 1) readonly buffer BufK { uvec4 K[]; };
layout(binding = 2) readonly buffer BufV { uvec4 V[]; };
layout(binding = 3) writeonly buffer BufO { uvec4 O[]; };
layout(binding = 4) readonly buffer BufMask { T2 mask[]; };
layout(binding = 5) readonly buffer BufBlk { uint8_t blk[]; };

shared uvec4 kv[2 * BK * LD];        // K tile, V tile; before that Q', 16 rows of a subgroup at a time
// Per subgroup its ROWS: its part of the f32 scores; then, in their place, narrow probabilities.  Also what an f32 matrix is
// made of and taken apart in.
shared uvec4 score[NSG * ROWS * LS];

// What the lanes of a subgroup wrote to local memory is there for all of them.
void subgroup_sync()
{
    subgroupMemoryBarrierShared();
    subgroupBarrier();
}

uint next_tile(uint kb, uint end, uint blk_row)
{
    while (has_blk && kb < end && uint(blk[blk_row + kb]) == 0) kb++;
    return kb;
}

// x with the mask's term, or -inf where query row `row` does not attend `key`.  mask_row: first mask cell of the row.
float masked(float x, uint row, uint key, uint mask_row, bool use_mask)
{
    const float blocked = uintBitsToFloat(0xff800000u);
    if (!align_K && key >= p.seq_len_k) return blocked;
    if (do_causal && key > row + p.q_offset) return blocked;
    if (has_mask && use_mask && (align_Q || row < p.seq_len_q)) {
#if BOOLMASK
        if (uint(mask[mask_row + key]) == 0) return blocked;
#else
        x = fma(LOG2E, LOAD2(mask, mask_row + key), x);
#endif
    }
    return x;
}

MAT_C o[RB * ND];
MAT_A q[RB * ND];
uvec4 fetched[FETCH];

// This lane's words of the K and V tiles that begin with word `at`; zeros behind the last of `words`.
void fetch(uint at, uint words)
{
    [[unroll]] for (uint n = 0; n < FETCH; n++) {
        const uint i = gl_LocalInvocationID.x + n * WG, w = i < HALF ? i : i - HALF;
        fetched[n] = uvec4(0);
        if (i < 2 * HALF && (align_K || w < words)) fetched[n] = i < HALF ? K[at + w] : V[at + w];
    }
}

// ... into local memory.
void put()
{
    [[unroll]] for (uint n = 0; n < FETCH; n++) {
        const uint i = gl_LocalInvocationID.x + n * WG;
        if (i < 2 * HALF) kv[i / U * LD + i % U] = fetched[n];
    }
}

// Q' through local memory, 16 rows at a time, for which kv has room; the subgroups that share rows read the same.
void load_q(uint sg, uint base, uint rows, float alpha)
{
    for (uint turn = 0; turn < NSG / DS; turn++)
        [[unroll]] for (uint r = 0; r < RB; r++) {
            for (uint i = gl_LocalInvocationID.x; i < 16 * U; i += WG) {
                const uint row = turn * ROWS + r * 16 + i / U;
                uvec4 w = uvec4(0);
                if (align_Q || row < rows) w = Q[base + row * U + i % U];
                if (p.narrow_q != 0)
                    w = uvec4(NARROWX4(WIDENX4(w.xy) * alpha), NARROWX4(WIDENX4(w.zw) * alpha));
                kv[i / U * LD + i % U] = w;
            }
            barrier();
            if (turn == sg / DS)
                [[unroll]] for (uint d = 0; d < ND; d++) MAT_LOAD(q[r * ND + d], kv, 2 * (sg % DS * ND + d), LD);
            barrier();
        }
}

// Multiplies each row of O by its value.  Clobbers the subgroup's scores.
void scale_rows(uint at, uint lane, float value)
{
    const uint words = 4 / PART;
    subgroup_sync();
    [[unroll]] for (uint w = 0; w < words; w++) score[at + lane / PART * LS + lane % PART * words + w] = floatBitsToUint(vec4(value));
    subgroup_sync();
    [[unroll]] for (uint r = 0; r < RB; r++) {
        MAT_C factor;                // each row's value in a whole row
        MAT_LOAD(factor, score, at + r * 16 * LS, LS);
        [[unroll]] for (uint d = 0; d < ND; d++)
            [[unroll]] for (uint e = 0; e < factor.length(); e++) o[r * ND + d][e] = o[r * ND + d][e] * factor[e];
    }
    subgroup_sync();
}

void main()
{
    const uint t = gl_LocalInvocationID.x, sg = gl_SubgroupID, lane = gl_SubgroupInvocationID;
    const uint h = gl_WorkGroupID.x, qt = gl_NumWorkGroups.y - 1 - gl_WorkGroupID.y, b = gl_WorkGroupID.z;
    const uint q0 = qt * BQ, rows = p.seq_len_q - q0, head = b * p.n_heads + h;
    const uint q_base = (head * p.seq_len_q + q0) * U;
    const uint kv_base = (b * p.n_kv_heads + h / (p.n_heads / p.n_kv_heads)) * p.seq_len_k * U;
    const uint nk = (p.seq_len_k + BK - 1) / BK;
    const uint end = do_causal ? min(nk, ((qt + 1) * BQ + p.q_offset + BK - 1) / BK) : nk;
    const float alpha = p.scale * LOG2E, unit = p.narrow_q != 0 ? 1.0 : alpha;
    // Lanes share a row of scores in parts of BK / PART keys.
    const uint row = q0 + sg / DS * ROWS + lane / PART, part = lane % PART * (BK / PART);
    const uint mask_row = ((p.mask == 2 ? head * p.seq_len_q : 0) + row) * p.seq_len_k;
    const uint s_at = sg * ROWS * LS, s_row = s_at + lane / PART * LS, s_first = s_row - sg % DS * ROWS * LS;
    const uint d0 = 2 * (sg % DS) * ND;                            // first word of this subgroup's part of a row
    float m = NEG_BIG, l = 0;

    load_q(sg, q_base, rows, ROUND_T(alpha));
    [[unroll]] for (uint d = 0; d < RB * ND; d++) o[d] = MAT_C(0.0);
    uint kb = next_tile(0, end, qt * nk);
    if (AHEAD && kb < end) fetch(kv_base + kb * HALF, p.seq_len_k * U - kb * HALF);
    while (kb < end) {
        const uint k0 = kb * BK, following = next_tile(kb + 1, end, qt * nk);
        const bool use_mask = !has_blk || uint(blk[qt * nk + kb]) != 2;
        if (!AHEAD) fetch(kv_base + kb * HALF, p.seq_len_k * U - kb * HALF);
        put();
        barrier();                   // K and V are there
        if (AHEAD && following < end) fetch(kv_base + following * HALF, p.seq_len_k * U - following * HALF);

        [[unroll]] for (uint c = 0; c < BK / 16; c++) {
            // Two chains, as a product waits for the one before it: of both row blocks, or of even and odd columns.
            MAT_C first = MAT_C(0.0), second = MAT_C(0.0);
            [[unroll]] for (uint d = 0; d < ND; d++) {
                MAT_B k;
                MAT_LOAD_COLUMNS(k, kv, c * 16 * LD + d0 + 2 * d, LD);
                if (RB == 2 || d % 2 == 0) first = MAT_MUL_ADD(q[d], k, first);
                if (RB == 2) second = MAT_MUL_ADD(q[RB * ND - ND + d], k, second);
                else if (d % 2 == 1) second = MAT_MUL_ADD(q[d], k, second);
            }
            MAT_STORE(RB == 2 ? first : first + second, score, s_at + c * 4, LS);
            if (RB == 2) MAT_STORE(second, score, s_at + 16 * LS + c * 4, LS);
        }
        if (DS > 1) barrier();
        else subgroup_sync();

        float x[BK / PART], top = m;
        [[unroll]] for (uint j = 0; j < BK / PART; j += 4) {
            vec4 four = uintBitsToFloat(score[s_first + (part + j) / 4]);
            [[unroll]] for (uint i = 1; i < DS; i++) four += uintBitsToFloat(score[s_first + i * ROWS * LS + (part + j) / 4]);
            [[unroll]] for (uint e = 0; e < 4; e++) {
                x[j + e] = masked(four[e] * unit, row, k0 + part + j + e, mask_row, use_mask);
                top = max(top, x[j + e]);
            }
        }
        [[unroll]] for (uint i = 1; i < PART; i *= 2) top = max(top, subgroupShuffleXor(top, i));
        const float f = top == m ? 1.0 : exp2(m - top);
        if (DS > 1) barrier();       // scores have been read
        else subgroup_sync();
        if (!subgroupAll(f == 1.0)) scale_rows(s_at, lane, f);
        float sum = 0;
        [[unroll]] for (uint j = 0; j < BK / PART; j += 4) {
            vec4 w;
            // Vulkan does not say what exp2(-inf) is.  A NaN score takes the other branch and comes through.
            [[unroll]] for (uint e = 0; e < 4; e++) w[e] = x[j + e] < NEG_BIG ? 0.0 : exp2(x[j + e] - top);
            const uvec2 narrow = NARROW_WEIGHTS(w);
            w = WIDENX4(narrow);
            sum += (w.x + w.y) + (w.z + w.w);
            if ((part + j) / 4 % 2 == 0) score[s_row + (part + j) / 8].xy = narrow;
            else score[s_row + (part + j) / 8].zw = narrow;
        }
        [[unroll]] for (uint i = 1; i < PART; i *= 2) sum += subgroupShuffleXor(sum, i);
        l = fma(l, f, sum);
        m = top;
        subgroup_sync();             // probabilities are there

        [[unroll]] for (uint c = 0; c < BK / 16; c++) {
            MAT_A w[RB];
            [[unroll]] for (uint r = 0; r < RB; r++) MAT_LOAD(w[r], score, s_at + r * 16 * LS + 2 * c, LS);
            [[unroll]] for (uint d = 0; d < ND; d++) {
                MAT_B v;
                MAT_LOAD(v, kv, (BK + c * 16) * LD + d0 + 2 * d, LD);
                [[unroll]] for (uint r = 0; r < RB; r++) o[r * ND + d] = MAT_MUL_ADD(w[r], v, o[r * ND + d]);
            }
        }
        barrier();                   // K and V have been used
        kb = following;
    }

    // One division and one rounding per element, 16 columns at a time.
    [[unroll]] for (uint d = 0; d < ND; d++) {
        subgroup_sync();
        [[unroll]] for (uint r = 0; r < RB; r++) MAT_STORE(o[r * ND + d], score, s_at + r * 16 * LS, LS);
        subgroup_sync();
        if (!align_Q && row >= p.seq_len_q) continue;
        for (uint w = lane % PART; w < 2; w += PART) {       // two words per row
            const uint from = s_row + 2 * w;
            const vec4 a = uintBitsToFloat(score[from]), c = uintBitsToFloat(score[from + 1]);
            O[q_base + (row - q0) * U + d0 + 2 * d + w] =
                l == 0.0 ? uvec4(0) : uvec4(NARROWX4(a / l), NARROWX4(c / l));
        }
    }
}
