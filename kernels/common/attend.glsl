// Attention of ROWS query rows of one key/value head by one workgroup, chunk by chunk of 32 keys, online softmax.
// Q has type T, K and V have type T2.  Arithmetic is f32.
//
// Scores: work items (key, lane) take every TX-th group of four of a key and of all rows; their partial products are added
// through shared memory.  Values: each work item owns COLS groups of columns of all rows, so that the group reads whole
// rows of V.  Maxima and sums of weights are kept by every work item, each for itself.
//
// Keys that no row attends are not read.  A row that attends none of a chunk keeps its state bit for bit: weights are 0, and
// the factor is 1 by selection.
#extension GL_EXT_control_flow_attributes : require
#include "kernels/common/mxb.glsl"

layout(constant_id = 1000) const uint WG = 64;
layout(constant_id = 1001) const uint ROWS = 4;      // query rows
layout(constant_id = 1002) const uint TX = 8;        // work items that share a key
layout(constant_id = 1003) const uint COLS = 1;      // groups of four output columns per work item
layout(constant_id = 1004) const uint VEC = 4;       // 4 where rows are multiples of four elements, else 1
layout(local_size_x_id = 1000) in;
const uint KEYS = 32;
const uint LQ = WG * COLS;                           // groups of four of a shared row of Q
const float NEG_BIG = -1.7014117e38;                 // -FLT_MAX / 2: start of the running maximum, which so stays finite

// Two views of each tensor: single elements, and groups of four.
layout(binding = 0) readonly buffer BufQ { T Q[]; };
layout(binding = 0) readonly buffer BufQ4 { TX4 Q4[]; };
layout(binding = 1) readonly buffer BufK { T2 K[]; };
layout(binding = 1) readonly buffer BufK4 { T2X4 K4[]; };
layout(binding = 2) readonly buffer BufV { T2 V[]; };
layout(binding = 2) readonly buffer BufV4 { T2X4 V4[]; };

shared vec4 q_rows[ROWS * LQ];
shared float part[ROWS * KEYS * TX];                 // [row][key][lane]
shared vec4 score[ROWS * KEYS / 4];                  // [row][key]
shared vec4 weight[ROWS * KEYS / 4];
shared uint row_lo[ROWS], row_hi[ROWS];              // keys that a row attends

// This work item's state: sums of weighted values, running maxima, sums of weights.
vec4 acc[ROWS * COLS];
float m[ROWS], l[ROWS];

// Group u of four elements of row `row` of a matrix of d columns; zeros behind its end.
#define ATTEND_AT(load, x, row, c, d) ((c) < (d) ? load(x, (row) * (d) + (c)) : 0.0)
#define ATTEND_LOAD4(load4, x4, load, x, row, u, d)                                                                  \
    if (VEC == 4) return load4(x4, (row) * ((d) / 4) + (u));                                                         \
    return vec4(ATTEND_AT(load, x, row, 4 * (u), d), ATTEND_AT(load, x, row, 4 * (u) + 1, d),                        \
                ATTEND_AT(load, x, row, 4 * (u) + 2, d), ATTEND_AT(load, x, row, 4 * (u) + 3, d));
vec4 attend_q(uint row, uint u, uint d) { ATTEND_LOAD4(LOADX4, Q4, LOAD, Q, row, u, d) }
vec4 attend_k(uint row, uint u, uint d) { ATTEND_LOAD4(LOAD2X4, K4, LOAD2, K, row, u, d) }
vec4 attend_v(uint row, uint u, uint d) { ATTEND_LOAD4(LOAD2X4, V4, LOAD2, V, row, u, d) }

// Rows [first, first + rows) of Q into shared memory, zeros behind them; `narrow` rounds to f16.  No barrier.
void attend_load_q(uint first, uint rows, uint d, bool narrow)
{
    for (uint i = gl_LocalInvocationID.x; i < ROWS * LQ; i += WG) {
        const uint r = i / LQ, u = i % LQ;
        vec4 x = vec4(0);
        if (r < rows && 4 * u < d) x = attend_q(first + r, u, d);
        if (narrow) x = mxb_from_f16x4(mxb_to_f16x4(x));
        q_rows[i] = x;
    }
}

void attend_start()
{
    [[unroll]] for (uint i = 0; i < ROWS * COLS; i++) acc[i] = vec4(0);
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        m[r] = NEG_BIG;
        l[r] = 0;
    }
}

// Partial products of the keys of the chunk in [lo,hi); row0: the head's first row of K.
void attend_partial(uint row0, uint base, uint lo, uint hi, uint d)
{
    const uint t = gl_LocalInvocationID.x, lane = t % TX;
    for (uint j = t / TX; j < KEYS; j += WG / TX) {
        float s[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; r++) s[r] = 0;
        if (base + j >= lo && base + j < hi)
            for (uint u = lane; 4 * u < d; u += TX) {
                const vec4 k = attend_k(row0 + base + j, u, d);
                [[unroll]] for (uint r = 0; r < ROWS; r++) s[r] += dot(q_rows[r * LQ + u], k);
            }
        [[unroll]] for (uint r = 0; r < ROWS; r++) part[(r * KEYS + j) * TX + lane] = s[r];
    }
}

// Scores from partial products; -inf for keys that the row does not attend.
void attend_score(uint base, float scale)
{
    for (uint i = gl_LocalInvocationID.x; i < ROWS * KEYS; i += WG) {
        const uint r = i / KEYS, key = base + i % KEYS;
        float s = 0;
        for (uint x = 0; x < TX; x++) s += part[i * TX + x];
        score[i / 4][i % 4] = key >= row_lo[r] && key < row_hi[r] ? s * scale : uintBitsToFloat(0xff800000u);
    }
}

// Moves the state to the new maximum; the first 32 work items turn scores into weights.
void attend_softmax()
{
    const uint t = gl_LocalInvocationID.x;
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        vec4 top4 = vec4(m[r]);
        [[unroll]] for (uint j = 0; j < KEYS / 4; j++) top4 = max(top4, score[r * KEYS / 4 + j]);
        const float top = max(max(top4.x, top4.y), max(top4.z, top4.w));
        const float f = top == m[r] ? 1.0 : exp(m[r] - top);
        m[r] = top;
        l[r] *= f;
        [[unroll]] for (uint c = 0; c < COLS; c++) acc[r * COLS + c] *= f;
        if (t < KEYS) {              // Vulkan does not say what exp(-inf) is; NaN takes the other branch and comes through
            const float x = score[(r * KEYS + t) / 4][t % 4], w = x < NEG_BIG ? 0.0 : exp(x - top);
            weight[(r * KEYS + t) / 4][t % 4] = w;
        }
    }
}

// Adds the weighted values of the keys of the chunk in [lo,hi).
void attend_value(uint row0, uint base, uint lo, uint hi, uint d)
{
    const uint first = lo > base ? (lo - base) / 4 : 0, end = min(KEYS, hi - base);
    for (uint j = 4 * first; j < end; j += 4) {
        vec4 p[ROWS];
        [[unroll]] for (uint r = 0; r < ROWS; r++) {
            p[r] = weight[(r * KEYS + j) / 4];
            l[r] += (p[r].x + p[r].y) + (p[r].z + p[r].w);
        }
        [[unroll]] for (uint c = 0; c < COLS; c++) {
            const uint u = gl_LocalInvocationID.x + c * WG;
            if (4 * u < d) {
                vec4 v[4];
                [[unroll]] for (uint e = 0; e < 4; e++) {
                    v[e] = vec4(0);
                    if (base + j + e >= lo && base + j + e < hi) v[e] = attend_v(row0 + base + j + e, u, d);
                }
                [[unroll]] for (uint r = 0; r < ROWS; r++)
                    acc[r * COLS + c] += (p[r].x * v[0] + p[r].y * v[1]) + (p[r].z * v[2] + p[r].w * v[3]);
            }
        }
    }
}

// One chunk: keys [base, base + 32), of which rows attend some in [lo,hi), the range of all rows together.  The same for
// the whole group.  row0: the head's first row of K and V.
void attend_chunk(uint row0, uint base, uint lo, uint hi, uint d, float scale)
{
    attend_partial(row0, base, lo, hi, d);
    barrier();                       // part is complete
    attend_score(base, scale);
    barrier();                       // score is complete, part and the last chunk's weights have been used
    attend_softmax();
    barrier();                       // weight is complete, score has been used
    attend_value(row0, base, lo, hi, d);
}
