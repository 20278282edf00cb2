// Split-K decode attention over a TurboQuant cache: partial sums of one group of chunks of 32 slots for ROWS query
// heads of a key/value head, by one workgroup.  Source: mlx-native, flash_attn_vec_tq_hb.metal.  Q is narrowed to f16;
// one group alone normalises its result.  The layouts are in flash_attn_vec_tq_hb.c.
//
// Scores: TX work items share a key and take every TX-th word of four indices of it; an index is decoded once for all
// rows.  Values: each work item owns COLS words of columns of all rows.  Every work item keeps maxima and sums itself.
#include "kernels/common/mxb.cl.h"
#include "kernels/common/tq_tables.h"
#include "kernels/turboquant/flash_attn_vec_tq_hb/flash_attn_vec_tq_hb.def"

#define KEYS 32                      // slots of a chunk
#define WORDS (DIM / 4)              // of four indices per vector
#define BLOCKS (DIM / 256)           // norms per vector
#define COLS (WORDS / WG)
#define NEG_BIG -1.7014117e38f       // -FLT_MAX / 2: start of the running maximum, which so stays finite
#define MASK_SLIDING 2
__constant float tq_centroid[] = { TQ_CENTROIDS };

struct slots { uint lo0, hi0, hi1; };            // that are attended: [lo0, hi0) and [0, hi1)

// Logical positions [oldest, kv_seq_len) of the ring are a run of its slots that wraps at most once.
struct slots attended_slots(const struct flash_attn_vec_tq_hb_params *p)
{
    const uint n = p->kv_seq_len, cap = p->kv_capacity;
    const bool window = p->mask_type == MASK_SLIDING && p->sliding_window > 0 && p->sliding_window < n;
    const uint oldest = window ? n - p->sliding_window : 0, first = (p->ring_start + oldest) % cap;
    const uint end = first + (n - oldest);
    const struct slots s = { first, min(min(end, cap), n), min(end - min(end, cap), n) };
    return s;
}

bool attends(const struct slots *s, uint slot) { return (slot >= s->lo0 && slot < s->hi0) || slot < s->hi1; }

// Factor of the centroids of block b of a vector.
float factor(__global const float *norm, uint slot, uint b, const struct flash_attn_vec_tq_hb_params *p)
{
    return DIM == 256 ? norm[slot] * TQ_INV_SQRT_256 : norm[slot * BLOCKS + b] / p->scale_factor_d512;
}

float4 decode(__local const float *codebook, uint word, uint mask)
{
    return (float4)(codebook[word & mask], codebook[word >> 8 & mask],
                    codebook[word >> 16 & mask], codebook[word >> 24 & mask]);
}

struct work {
    float4 q[ROWS * WORDS];
    float part[ROWS * KEYS * TX];    // [row][key][lane]
    float score[ROWS * KEYS], weight[ROWS * KEYS];
    float scaled[ROWS * KEYS * BLOCKS];          // weight times the value's factor
    float codebook[256];
};

// Partial products of the attended keys of a chunk.
void partial_scores(__local struct work *w, __global const uint *K, __global const float *norm, uint base,
                    const struct slots *s, const struct flash_attn_vec_tq_hb_params *p, uint t)
{
    const uint lane = t % TX, mask = (1u << p->codebook_bits) - 1;
    for (uint j = t / TX; j < KEYS; j += WG / TX) {
        const uint slot = base + j;
        float dots[ROWS];
        for (uint r = 0; r < ROWS; r++) dots[r] = 0.0f;
        for (uint b = 0; b < BLOCKS && attends(s, slot); b++) {
            const float c = factor(norm, slot, b, p);
            for (uint u = 64 * b + lane; u < 64 * (b + 1); u += TX) {
                const float4 k = decode(w->codebook, K[(size_t)slot * WORDS + u], mask) * c;
                #pragma unroll
                for (uint r = 0; r < ROWS; r++) dots[r] += dot(w->q[r * WORDS + u], k);
            }
        }
        for (uint r = 0; r < ROWS; r++) w->part[(r * KEYS + j) * TX + lane] = dots[r];
    }
}

// Scores from partial products by the first KEYS work items, -inf where the slot is not attended.
void scores(__local struct work *w, uint base, const struct slots *s, float scale, uint t)
{
    const bool seen = attends(s, base + t);
    for (uint r = 0; r < ROWS && t < KEYS; r++) {
        float x = 0.0f;
        for (uint l = 0; l < TX; l++) x += w->part[(r * KEYS + t) * TX + l];
        w->score[r * KEYS + t] = seen ? x * scale : -INFINITY;
    }
}

// WG divides WORDS, is a multiple of TX and at least KEYS.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void flash_attn_vec_tq_hb(__global const float *Q, __global const uint *K, __global const float *k_norm,
                          __global const uint *V, __global const float *v_norm, __global float4 *dst,
                          const struct flash_attn_vec_tq_hb_params p)
{
    __local struct work w;
    const uint t = (uint)get_local_id(0), g = (uint)get_group_id(0), head = (uint)get_group_id(1) * ROWS;
    const uint first = head / (p.n_heads / p.n_kv_heads) * p.kv_capacity, mask = (1u << p.codebook_bits) - 1;
    const struct slots s = attended_slots(&p);
    K += (size_t)first * WORDS;
    V += (size_t)first * WORDS;
    k_norm += (size_t)first * BLOCKS;
    v_norm += (size_t)first * BLOCKS;

    for (uint i = t; i < ROWS * DIM; i += WG) ((__local float *)w.q)[i] = mxb_round_f16(Q[(size_t)head * DIM + i]);
    for (uint i = t; i <= mask; i += WG) w.codebook[i] = TQ_CENTROID(tq_centroid, p.codebook_bits, i);
    float4 acc[ROWS * COLS];
    float m[ROWS], l[ROWS];
    for (uint i = 0; i < ROWS * COLS; i++) acc[i] = 0.0f;
    for (uint r = 0; r < ROWS; r++) {
        m[r] = NEG_BIG;
        l[r] = 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);                // Q and the codebook are there

    for (uint base = g * KEYS; base < p.kv_seq_len; base += p.nwg * KEYS) {
        if (base >= s.hi1 && (base >= s.hi0 || base + KEYS <= s.lo0)) continue;      // the same for the whole group
        partial_scores(&w, K, k_norm, base, &s, &p, t);
        barrier(CLK_LOCAL_MEM_FENCE);            // part is complete, weights of the last chunk have been used
        scores(&w, base, &s, p.scale, t);
        barrier(CLK_LOCAL_MEM_FENCE);            // score is complete, part has been used
        float c_v[BLOCKS];                       // work item t < KEYS makes the weights of slot t
        for (uint b = 0; b < BLOCKS; b++)
            c_v[b] = t < KEYS && attends(&s, base + t) ? factor(v_norm, base + t, b, &p) : 0.0f;
        #pragma unroll
        for (uint r = 0; r < ROWS; r++) {
            float top = m[r];
            for (uint j = 0; j < KEYS; j++) top = fmax(top, w.score[r * KEYS + j]);
            const float f = top == m[r] ? 1.0f : exp(m[r] - top);
            m[r] = top;
            l[r] *= f;
            #pragma unroll
            for (uint c = 0; c < COLS; c++) acc[r * COLS + c] *= f;
            if (t < KEYS) {
                const float x = w.score[r * KEYS + t], weight = x == -INFINITY ? 0.0f : exp(x - top);
                w.weight[r * KEYS + t] = weight;
                for (uint b = 0; b < BLOCKS; b++) w.scaled[(r * KEYS + t) * BLOCKS + b] = weight * c_v[b];
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);            // weight and scaled are complete, score has been used
        for (uint j = 0; j < KEYS; j++) {
            if (!attends(&s, base + j)) continue;
            #pragma unroll
            for (uint r = 0; r < ROWS; r++) l[r] += w.weight[r * KEYS + j];
            #pragma unroll
            for (uint c = 0; c < COLS; c++) {
                const uint u = t + c * WG;
                const float4 v = decode(w.codebook, V[(size_t)(base + j) * WORDS + u], mask);
                #pragma unroll
                for (uint r = 0; r < ROWS; r++)
                    acc[r * COLS + c] += v * w.scaled[(r * KEYS + j) * BLOCKS + u / 64];
            }
        }
    }

    __global float *sm = (__global float *)dst + (size_t)p.n_heads * DIM * p.nwg;
    for (uint r = 0; r < ROWS; r++) {
        const float unit = p.nwg > 1 ? 1.0f : l[r] == 0.0f ? 0.0f : 1.0f / l[r];
        for (uint c = 0; c < COLS; c++)
            dst[((size_t)(head + r) * WORDS + t + c * WG) * p.nwg + g] = acc[r * COLS + c] * unit;
        if (p.nwg > 1 && t == 0) {
            sm[2 * ((head + r) * p.nwg + g)] = l[r];
            sm[2 * ((head + r) * p.nwg + g) + 1] = m[r];
        }
    }
}
