/* Inputs of the attention ops without a mask tensor: Q, K and V of fills whose answer is known in advance or whose errors
 * show.  Host code.  Rows of Q are numbered per key/value head: a row attends a run of keys that the op's own rule gives.
 *
 * Needle and exact: each key carries a codeword of +-1, K is b times the codeword, Q is a times that of the row's target, with
 * scale a b = 64 up to 0.4 % (a has eight bits).  Scores are 64 n, n integer, exact sums in every order; two different
 * ones are 128 apart, so that exp of the difference is 0 in f32, subnormals included.
 *   needle  one key per codeword: the output is that key's V, whatever the tiling.
 *   exact   two keys share a codeword, neighbours in even heads, half the sequence apart in odd ones.  A row attends one of
 *           them or both: weights of exactly 1.  V holds integers of at most 255, so the mean of two is exact in f32, but
 *           often has to be rounded to bf16.
 * Codewords differ because their first 24 signs are the bits of the key's number.  Rows shorter than that have beacons
 * instead: every period-th key is +b, the others are -b, and a row attends exactly one of them.
 *
 * Rows of K and V behind the last valid key are NaN in all fills: nothing may read them. */
#ifndef ATTEND_FILL_H
#define ATTEND_FILL_H
#include <math.h>
#include "harness/mxb_op.h"

enum { ATTEND_Q, ATTEND_K, ATTEND_V };           /* which tensor: also the stream of its normal numbers */
enum { ATTEND_CODE_BITS = 24, ATTEND_FILL_DIM = 512 };
enum { ATTEND_STREAM_CODE = 0x61740001, ATTEND_STREAM_TARGET, ATTEND_STREAM_PROBE, ATTEND_STREAM_DIRECTION };

struct attend_fill {
    const struct mxb_problem *pr;
    uint32_t d;                      /* head dimension */
    uint32_t heads;                  /* key/value heads, of all batches */
    uint32_t rows;                   /* query rows per key/value head */
    uint32_t keys, capacity;         /* valid keys and rows of K and V per head */
    uint32_t period;                 /* of the beacons: no row attends more keys, but for prefixes of the keys */
    double scale;
    bool nan_rows;                   /* probe: rows of Q may hold NaN */
    void (*range)(const struct attend_fill *, uint32_t row, uint32_t *lo, uint32_t *hi);   /* keys [lo,hi) of a row */
};

/* ---- needle and exact ---- */

/* a and b of the head of this file; a stays inside f16. */
static double attend_amplitude(const struct attend_fill *f, uint32_t tensor)
{
    const double whole = 64 / fabs(f->scale), a = mxb_round(MXB_BF16, fmin(whole, 0x1p14));
    return tensor == ATTEND_Q ? copysign(a, f->scale) : whole > 0x1p14 ? ldexp(1, (int)ceil(log2(whole / a))) : 1;
}

static uint32_t attend_code_of(const struct attend_fill *f, uint32_t head, uint32_t key)
{
    const uint32_t half = (f->keys + 1) / 2;
    if (f->pr->fill != MXB_FILL_EXACT) return key;
    return head % 2 ? key % half : key / 2;
}

static void attend_codeword(const struct attend_fill *f, uint32_t head, uint32_t key, double *out)
{
    const uint32_t code = attend_code_of(f, head, key), bits = code * 0x9e3779b1u & 0xffffffu;   /* odd: a bijection */
    for (uint32_t c = 0; c < f->d; c++) {
        const uint64_t at = ((uint64_t)head << 32 | (c < ATTEND_CODE_BITS ? 0 : code)) * ATTEND_FILL_DIM + c;
        const uint32_t own = c < ATTEND_CODE_BITS ? bits >> c : 0;
        out[c] = (own ^ mxb_rand_u32(f->pr->seed, ATTEND_STREAM_CODE, at)) & 1 ? -1 : 1;
    }
}

/* The key that a row is to match: often an end of its range, or next to the edge of a chunk of 8 to 64 keys. */
static uint32_t attend_target(const struct attend_fill *f, uint32_t head, uint32_t row)
{
    uint32_t lo, hi;
    f->range(f, row, &lo, &hi);
    const uint32_t word = mxb_rand_u32(f->pr->seed, ATTEND_STREAM_TARGET, (uint64_t)head * f->rows + row), kind = word % 8;
    if (kind <= 1) return lo;
    if (kind <= 3) return hi - 1;
    if (kind == 4) return lo + word / 8 % (hi - lo);
    const uint32_t edge = UINT32_C(8) << (kind - 4), key = edge * (word / 32 % (hi / edge + 1)) + word / 8 % 3;
    return key < lo + 1 ? lo : key - 1 >= hi ? hi - 1 : key - 1;
}

static void attend_match_row(const struct attend_fill *f, uint32_t tensor, uint32_t head, uint32_t row, double *out)
{
    const double size = attend_amplitude(f, tensor);
    const bool beacons = f->d < ATTEND_CODE_BITS;
    if (!beacons) attend_codeword(f, head, tensor == ATTEND_Q ? attend_target(f, head, row) : row, out);
    for (uint32_t c = 0; c < f->d; c++)
        out[c] = size * (!beacons ? out[c] : tensor == ATTEND_Q || row % f->period == 0 ? 1 : -1);
}

/* ---- the other fills ---- */

static void attend_normal_row(const struct attend_fill *f, uint32_t tensor, uint64_t row, double *out)
{
    for (uint32_t c = 0; c < f->d; c++) out[c] = mxb_rand_normal(f->pr->seed, tensor, row * f->d + c);
}

/* Logits of a few units around an offset of +96 (rows 0 mod 4), -96 (1), a ramp from -40 to 40 over the keys (2), and a
 * falling ramp around +96 (3): exp without subtraction of the maximum overflows or vanishes, and the running maximum rises
 * often.  Two directions s, t carry offset and ramp:
 *     Q = (z + A s + C t) / (scale sqrt d),   K_j = z_j + 3 s + 3 r_j t,   r_j from -1 to 1,   V = z + (0 or 100 by columns). */
static void attend_large_row(const struct attend_fill *f, uint32_t tensor, uint32_t head, uint32_t row, double *out)
{
    const double root = sqrt(f->d), offset = 96 / (3 * root), ramp = 40 / (3 * root);
    double s = 3, t = 0, factor = 1;
    const uint64_t rows = tensor == ATTEND_Q ? f->rows : f->capacity;
    attend_normal_row(f, tensor, head * rows + row, out);
    if (tensor == ATTEND_Q) {
        s = row % 4 == 1 ? -offset : row % 4 == 2 ? 0 : offset;
        t = row % 4 == 2 ? ramp : row % 4 == 3 ? -ramp : 0;
        factor = 1 / (f->scale * root);
    } else if (f->keys > 1) {
        t = 3 * (2.0 * row / (f->keys - 1) - 1);
    }
    for (uint32_t c = 0; c < f->d; c++) {
        const uint32_t word = mxb_rand_u32(f->pr->seed, ATTEND_STREAM_DIRECTION, c);
        if (tensor == ATTEND_V) out[c] += c % 2 ? 100 : 0;
        else out[c] = factor * (out[c] + (word & 1 ? s : -s) + (word & 2 ? t : -t));
    }
}

/* Logits of a few units, so that no weight vanishes, and a NaN in some rows. */
static void attend_probe_q_row(const struct attend_fill *f, uint64_t row, double *out)
{
    const uint32_t word = mxb_rand_u32(f->pr->seed, ATTEND_STREAM_PROBE, row);
    const double factor = fmin(1, 1 / (fabs(f->scale) * sqrt(f->d)));
    attend_normal_row(f, ATTEND_Q, row, out);
    for (uint32_t c = 0; c < f->d; c++) out[c] *= factor;
    if (f->nan_rows && word % 8 == 0) out[word / 8 % f->d] = NAN;
}

/* NaN and both infinities in up to three columns of one key row per head that all its query rows attend, if there is one:
 * then no kernel can be told from another by what it does with 0 * NaN. */
static void attend_probe_v(const struct attend_fill *f, enum mxb_dtype dt, void *out)
{
    static const double special[3] = { NAN, INFINITY, -INFINITY };
    uint32_t first = 0, end = f->keys;
    for (uint32_t row = 0; row < f->rows; row++) {
        uint32_t lo, hi;
        f->range(f, row, &lo, &hi);
        first = lo > first ? lo : first;
        end = hi < end ? hi : end;
    }
    for (uint32_t head = 0; first < end && head < f->heads; head++) {
        const uint32_t word = mxb_rand_u32(f->pr->seed, ATTEND_STREAM_PROBE, UINT64_C(1) << 40 | head);
        const uint64_t key = (uint64_t)head * f->capacity + first + word % (end - first);
        for (uint32_t i = 0; i < 3 && i < f->d; i++)
            mxb_store(dt, out, key * f->d + (word / 16 + i) % f->d, special[i]);
    }
}

static void attend_fill_row(const struct attend_fill *f, uint32_t tensor, uint32_t head, uint32_t row, double *out)
{
    const uint64_t index = (uint64_t)head * (tensor == ATTEND_Q ? f->rows : f->capacity) + row;
    const enum mxb_fill fill = f->pr->fill;
    if (tensor != ATTEND_V && (fill == MXB_FILL_EXACT || fill == MXB_FILL_NEEDLE)) {
        attend_match_row(f, tensor, head, row, out);
    } else if (fill == MXB_FILL_EXACT) {
        for (uint32_t c = 0; c < f->d; c++)
            out[c] = (int)(mxb_rand_u32(f->pr->seed, tensor, index * f->d + c) % 511) - 255;
    } else if (fill == MXB_FILL_LARGE) {
        attend_large_row(f, tensor, head, row, out);
    } else if (fill == MXB_FILL_PROBE && tensor == ATTEND_Q) {
        attend_probe_q_row(f, index, out);
    } else {
        attend_normal_row(f, tensor, index, out);
    }
}

/* Writes one of the three tensors, or returns false: the harness's normal numbers will do. */
static bool attend_generate(const struct attend_fill *f, uint32_t tensor, enum mxb_dtype dt, void *out)
{
    const uint32_t rows = tensor == ATTEND_Q ? f->rows : f->capacity, valid = tensor == ATTEND_Q ? f->rows : f->keys;
    double row[ATTEND_FILL_DIM];
    if (f->pr->fill == MXB_FILL_NORMAL && rows == valid) return false;
    for (uint32_t head = 0; head < f->heads; head++)
        for (uint32_t r = 0; r < rows; r++) {
            if (r < valid) attend_fill_row(f, tensor, head, r, row);
            for (uint32_t c = 0; c < f->d; c++)
                mxb_store(dt, out, ((uint64_t)head * rows + r) * f->d + c, r < valid ? row[c] : (double)NAN);
        }
    if (f->pr->fill == MXB_FILL_PROBE && tensor == ATTEND_V) attend_probe_v(f, dt, out);
    return true;
}
#endif
