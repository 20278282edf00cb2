#version 450
// Split-K decode attention over a TurboQuant cache: partial sums of one group of chunks of 32 slots for ROWS query
// heads of a key/value head, by one workgroup.  Source: mlx-native, flash_attn_vec_tq_hb.metal.  Q is narrowed to f16;
// one group alone normalises its result.  The layouts are in flash_attn_vec_tq_hb.c.
//
// Scores: TX work items share a key and take every TX-th word of four indices of it; an index is decoded once for all
// rows.  Values: each work item owns COLS words of columns of all rows.  Every work item keeps maxima and sums itself.
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
#include "kernels/common/mxb.glsl"
#include "kernels/common/tq_tables.h"
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.def"

layout(constant_id = 1000) const uint WG = 64;   // divides WORDS, is a multiple of TX and at least KEYS
layout(constant_id = 1001) const uint ROWS = 1;
layout(constant_id = 1002) const uint TX = 8;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer BufQ { float q_in[]; };
layout(binding = 1) readonly buffer BufK { uint k_idx[]; };
layout(binding = 2) readonly buffer BufKNorm { float k_norm[]; };
layout(binding = 3) readonly buffer BufV { uint v_idx[]; };
layout(binding = 4) readonly buffer BufVNorm { float v_norm[]; };
layout(binding = 5) writeonly buffer BufDst { float dst[]; };
layout(binding = 5) writeonly buffer BufDst4 { vec4 dst4[]; };

const uint KEYS = 32;                            // slots of a chunk
const uint WORDS = DIM / 4;                      // of four indices per vector
const uint BLOCKS = DIM / 256;                   // norms per vector
const uint COLS = WORDS / WG;
const float NEG_BIG = -1.7014117e38;             // -FLT_MAX / 2: start of the running maximum, which so stays finite
#define MINUS_INF uintBitsToFloat(0xff800000u)
const uint MASK_SLIDING = 2;
const float tq_centroid[TQ_HALVES] = float[](TQ_CENTROIDS);

shared vec4 q[ROWS * WORDS];
shared float part[ROWS * KEYS * TX];             // [row][key][lane]
shared float score[ROWS * KEYS], weight[ROWS * KEYS];
shared float scaled[ROWS * KEYS * BLOCKS];       // weight times the value's factor
shared float codebook[256];

struct Slots { uint lo0, hi0, hi1; };            // that are attended: [lo0, hi0) and [0, hi1)

// Logical positions [oldest, kv_seq_len) of the ring are a run of its slots that wraps at most once.
Slots attended_slots()
{
    const uint n = p.kv_seq_len, cap = p.kv_capacity;
    const bool window = p.mask_type == MASK_SLIDING && p.sliding_window > 0 && p.sliding_window < n;
    const uint oldest = window ? n - p.sliding_window : 0, start = (p.ring_start + oldest) % cap;
    const uint end = start + (n - oldest);
    return Slots(start, min(min(end, cap), n), min(end - min(end, cap), n));
}

bool attends(Slots s, uint slot) { return (slot >= s.lo0 && slot < s.hi0) || slot < s.hi1; }

// Factor of the centroids of a block of 256 coordinates.
float factor(float norm) { return DIM == 256 ? norm * TQ_INV_SQRT_256 : norm / p.scale_factor_d512; }

vec4 decode(uint word, uint mask)
{
    return vec4(codebook[word & mask], codebook[word >> 8 & mask],
                codebook[word >> 16 & mask], codebook[word >> 24 & mask]);
}

// Partial products of the attended keys of a chunk; first: the head's first slot.
void partial_scores(uint first, uint base, Slots s, uint mask, uint t)
{
    const uint lane = t % TX;
    for (uint j = t / TX; j < KEYS; j += WG / TX) {
        const uint slot = base + j;
        float dots[ROWS];
        for (uint r = 0; r < ROWS; r++) dots[r] = 0.0;
        for (uint b = 0; b < BLOCKS && attends(s, slot); b++) {
            const float c = factor(k_norm[(first + slot) * BLOCKS + b]);
            for (uint u = 64 * b + lane; u < 64 * (b + 1); u += TX) {
                const vec4 k = decode(k_idx[(first + slot) * WORDS + u], mask) * c;
                [[unroll]] for (uint r = 0; r < ROWS; r++) dots[r] += dot(q[r * WORDS + u], k);
            }
        }
        for (uint r = 0; r < ROWS; r++) part[(r * KEYS + j) * TX + lane] = dots[r];
    }
}

// Scores from partial products by the first KEYS work items, -inf where the slot is not attended.
void scores(uint base, Slots s, uint t)
{
    const bool seen = attends(s, base + t);
    for (uint r = 0; r < ROWS && t < KEYS; r++) {
        float x = 0.0;
        for (uint l = 0; l < TX; l++) x += part[(r * KEYS + t) * TX + l];
        score[r * KEYS + t] = seen ? x * p.scale : MINUS_INF;
    }
}

void main()
{
    const uint t = gl_LocalInvocationID.x, g = gl_WorkGroupID.x, head = gl_WorkGroupID.y * ROWS;
    const uint first = head / (p.n_heads / p.n_kv_heads) * p.kv_capacity, mask = (1u << p.codebook_bits) - 1u;
    const Slots s = attended_slots();

    for (uint i = t; i < ROWS * DIM; i += WG) q[i / 4][i % 4] = mxb_from_f16(mxb_to_f16(q_in[head * DIM + i]));
    for (uint i = t; i <= mask; i += WG) codebook[i] = TQ_CENTROID(tq_centroid, p.codebook_bits, i);
    vec4 acc[ROWS * COLS];
    float m[ROWS], l[ROWS];
    for (uint i = 0; i < ROWS * COLS; i++) acc[i] = vec4(0);
    for (uint r = 0; r < ROWS; r++) {
        m[r] = NEG_BIG;
        l[r] = 0.0;
    }
    barrier();                                   // Q and the codebook are there

    for (uint base = g * KEYS; base < p.kv_seq_len; base += p.nwg * KEYS) {
        if (base >= s.hi1 && (base >= s.hi0 || base + KEYS <= s.lo0)) continue;      // the same for the whole group
        partial_scores(first, base, s, mask, t);
        barrier();                               // part is complete, weights of the last chunk have been used
        scores(base, s, t);
        barrier();                               // score is complete, part has been used
        float c_v[BLOCKS];                       // work item t < KEYS makes the weights of slot t
        for (uint b = 0; b < BLOCKS; b++)
            c_v[b] = t < KEYS && attends(s, base + t) ? factor(v_norm[(first + base + t) * BLOCKS + b]) : 0.0;
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            float top = m[r];
            for (uint j = 0; j < KEYS; j++) top = max(top, score[r * KEYS + j]);
            const float f = top == m[r] ? 1.0 : exp(m[r] - top);
            m[r] = top;
            l[r] *= f;
            [[unroll]] for (uint c = 0; c < COLS; c++) acc[r * COLS + c] *= f;
            if (t < KEYS) {
                const float x = score[r * KEYS + t], w = x == MINUS_INF ? 0.0 : exp(x - top);
                weight[r * KEYS + t] = w;
                for (uint b = 0; b < BLOCKS; b++) scaled[(r * KEYS + t) * BLOCKS + b] = w * c_v[b];
            }
        }
        barrier();                               // weight and scaled are complete, score has been used
        for (uint j = 0; j < KEYS; j++) {
            if (!attends(s, base + j)) continue;
            [[unroll]] for (uint r = 0; r < ROWS; r++) l[r] += weight[r * KEYS + j];
            [[unroll]] for (uint c = 0; c < COLS; c++) {
                const uint u = t + c * WG;
                const vec4 v = decode(v_idx[(first + base + j) * WORDS + u], mask);
                [[unroll]] for (uint r = 0; r < ROWS; r++)
                    acc[r * COLS + c] += v * scaled[(r * KEYS + j) * BLOCKS + u / 64];
            }
        }
    }

    const uint sm = p.n_heads * DIM * p.nwg;
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const float unit = p.nwg > 1 ? 1.0 : l[r] == 0.0 ? 0.0 : 1.0 / l[r];
        [[unroll]] for (uint c = 0; c < COLS; c++)
            dst4[((head + r) * WORDS + t + c * WG) * p.nwg + g] = acc[r * COLS + c] * unit;
        if (p.nwg > 1 && t == 0) {
            dst[sm + 2 * ((head + r) * p.nwg + g)] = l[r];
            dst[sm + 2 * ((head + r) * p.nwg + g) + 1] = m[r];
        }
    }
}
