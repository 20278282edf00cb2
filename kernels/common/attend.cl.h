// Attention of ROWS query rows of one key/value head by one workgroup, chunk by chunk of 32 keys, online softmax.
// Tiles: WG work items, TX of which share a key; COLS groups of four output columns per work item; VEC 4 where rows are
// multiples of four elements, else 1.  Q has type T, K and V have type T2.  Arithmetic is f32.
//
// Scores: work items (key, lane) take every TX-th group of four of a key and of all rows; their partial products are added
// through local memory.  Values: each work item owns COLS groups of columns of all rows, so that the group reads whole
// rows of V.  Maxima and sums of weights are kept by every work item, each for itself.
//
// Keys that no row attends are not read.  A row that attends none of a chunk keeps its state bit for bit: weights are 0, and
// the factor is 1 by selection.
#include "kernels/common/mxb.cl.h"

#define KEYS 32
#define LQ (WG * COLS)               // groups of four of a local row of Q
#define NEG_BIG -1.7014117e38f       // -FLT_MAX / 2: start of the running maximum, which so stays finite
#define ATTEND_LOCAL __local struct attend_local

struct attend_local {
    float4 q[ROWS * LQ];
    float part[ROWS * KEYS * TX];    // [row][key][lane]
    float4 score[ROWS * KEYS / 4], weight[ROWS * KEYS / 4];   // [row][key]
    uint lo[ROWS], hi[ROWS];         // keys that a row attends
};

struct attend { float4 acc[ROWS * COLS]; float m[ROWS], l[ROWS]; };

// Group u of four elements of row `row` of a matrix of d columns; zeros behind its end.
#if VEC == 4
#define ATTEND_LOAD4(load4, load, x, row, u, d) load4(x, (row) * ((d) / 4) + (u))
#else
#define ATTEND_AT(load, x, row, c, d) ((c) < (d) ? load(x, (row) * (d) + (c)) : 0.0f)
#define ATTEND_LOAD4(load4, load, x, row, u, d)                                                                      \
    (float4)(ATTEND_AT(load, x, row, 4 * (u), d), ATTEND_AT(load, x, row, 4 * (u) + 1, d),                           \
             ATTEND_AT(load, x, row, 4 * (u) + 2, d), ATTEND_AT(load, x, row, 4 * (u) + 3, d))
#endif

// Rows [0,rows) of Q into local memory, zeros behind them; `narrow` rounds to f16.  No barrier.
void attend_load_q(ATTEND_LOCAL *w, __global const T *Q, uint rows, uint d, bool narrow, uint t)
{
    for (uint i = t; i < ROWS * LQ; i += WG) {
        const uint r = i / LQ, u = i % LQ;
        float4 x = 0.0f;
        if (r < rows && 4 * u < d) x = ATTEND_LOAD4(LOADX4, LOAD, Q, r, u, d);
        if (narrow) x = (float4)(mxb_round_f16(x.x), mxb_round_f16(x.y), mxb_round_f16(x.z), mxb_round_f16(x.w));
        w->q[i] = x;
    }
}

void attend_start(struct attend *s)
{
    #pragma unroll
    for (uint i = 0; i < ROWS * COLS; i++) s->acc[i] = 0.0f;
    #pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        s->m[r] = NEG_BIG;
        s->l[r] = 0.0f;
    }
}

// Partial products of the keys of the chunk in [lo,hi).
void attend_partial(ATTEND_LOCAL *w, __global const T2 *K, uint base, uint lo, uint hi, uint d, uint t)
{
    const uint lane = t % TX;
    for (uint j = t / TX; j < KEYS; j += WG / TX) {
        float s[ROWS];
        #pragma unroll
        for (uint r = 0; r < ROWS; r++) s[r] = 0.0f;
        if (base + j >= lo && base + j < hi)
            for (uint u = lane; 4 * u < d; u += TX) {
                const float4 k = ATTEND_LOAD4(LOAD2X4, LOAD2, K, (size_t)(base + j), u, d);
                #pragma unroll
                for (uint r = 0; r < ROWS; r++) s[r] += dot(w->q[r * LQ + u], k);
            }
        #pragma unroll
        for (uint r = 0; r < ROWS; r++) w->part[(r * KEYS + j) * TX + lane] = s[r];
    }
}

// Scores from partial products; -inf for keys that the row does not attend.
void attend_score(ATTEND_LOCAL *w, uint base, float scale, uint t)
{
    __local float *score = (__local float *)w->score;
    for (uint i = t; i < ROWS * KEYS; i += WG) {
        const uint r = i / KEYS, key = base + i % KEYS;
        float s = 0.0f;
        for (uint x = 0; x < TX; x++) s += w->part[i * TX + x];
        score[i] = key >= w->lo[r] && key < w->hi[r] ? s * scale : -INFINITY;
    }
}

// Moves the state to the new maximum; the first 32 work items turn scores into weights.
void attend_softmax(struct attend *s, ATTEND_LOCAL *w, uint t)
{
    #pragma unroll
    for (uint r = 0; r < ROWS; r++) {
        float4 top4 = s->m[r];
        for (uint j = 0; j < KEYS / 4; j++) top4 = fmax(top4, w->score[r * KEYS / 4 + j]);
        const float top = fmax(fmax(top4.x, top4.y), fmax(top4.z, top4.w));
        const float f = top == s->m[r] ? 1.0f : exp(s->m[r] - top);
        s->m[r] = top;
        s->l[r] *= f;
        #pragma unroll
        for (uint c = 0; c < COLS; c++) s->acc[r * COLS + c] *= f;
        if (t < KEYS) {
            const float x = ((__local float *)w->score)[r * KEYS + t];
            ((__local float *)w->weight)[r * KEYS + t] = x == -INFINITY ? 0.0f : exp(x - top);
        }
    }
}

// Adds the weighted values of the keys of the chunk in [lo,hi).
void attend_value(struct attend *s, ATTEND_LOCAL *w, __global const T2 *V, uint base, uint lo, uint hi, uint d, uint t)
{
    const uint first = lo > base ? (lo - base) / 4 : 0, end = min((uint)KEYS, hi - base);
    for (uint j = 4 * first; j < end; j += 4) {
        #pragma unroll
        for (uint r = 0; r < ROWS; r++) {
            const float4 p = w->weight[(r * KEYS + j) / 4];
            s->l[r] += (p.x + p.y) + (p.z + p.w);
        }
        #pragma unroll
        for (uint c = 0; c < COLS; c++) {
            const uint u = t + c * WG;
            float4 v[4];
            if (4 * u >= d) continue;
            #pragma unroll
            for (uint e = 0; e < 4; e++) {
                v[e] = 0.0f;
                if (base + j + e >= lo && base + j + e < hi) v[e] = ATTEND_LOAD4(LOAD2X4, LOAD2, V, (size_t)(base + j + e), u, d);
            }
            #pragma unroll
            for (uint r = 0; r < ROWS; r++) {
                const float4 p = w->weight[(r * KEYS + j) / 4];
                s->acc[r * COLS + c] += (p.x * v[0] + p.y * v[1]) + (p.z * v[2] + p.w * v[3]);
            }
        }
    }
}

// One chunk: keys [base, base + 32), of which rows attend some in [lo,hi), the range of all rows together.  The same for
// the whole group.  K and V begin with the head's first key.
void attend_chunk(struct attend *s, ATTEND_LOCAL *w, __global const T2 *K, __global const T2 *V, uint base, uint lo, uint hi,
                  uint d, float scale, uint t)
{
    attend_partial(w, K, base, lo, hi, d, t);
    barrier(CLK_LOCAL_MEM_FENCE);                // part is complete
    attend_score(w, base, scale, t);
    barrier(CLK_LOCAL_MEM_FENCE);                // score is complete, part and the last chunk's weights have been used
    attend_softmax(s, w, t);
    barrier(CLK_LOCAL_MEM_FENCE);                // weight is complete, score has been used
    attend_value(s, w, V, base, lo, hi, d, t);
}
