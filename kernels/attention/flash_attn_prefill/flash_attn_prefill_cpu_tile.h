/* What one item of flash_attn_prefill on the CPU works on, and what all kernels do alike to its scores: scale, causal rule and
 * mask.  The including file may define
 *     PAIRS    operands are pairs of bf16 (flash_attn_prefill_cpu_pairs.h), not f32 (flash_attn_prefill_cpu_f32.h)
 *     HALVES   operands are f16 and so are sums of a few products (flash_attn_prefill_cpu_halves.h)
 *     TILES    products are made in AMX tiles (flash_attn_prefill_cpu_tiles.h), not in vectors (.._cpu_vectors.h) */
#ifndef FLASH_ATTN_PREFILL_CPU_TILE_H
#define FLASH_ATTN_PREFILL_CPU_TILE_H
#include <math.h>
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"
#include "kernels/common/mxb_cpu.h"

#if defined(PAIRS)
typedef uint32_t operand;            /* two neighbours along the axis of the sum, the first in the lower half */
enum { PER = 2 };                    /* elements per operand */
#elif defined(HALVES)
typedef uint16_t operand;
enum { PER = 1 };
#else
typedef float operand;
enum { PER = 1 };
#endif

/* Blocks: KN keys x QN vectors of queries for scores, PN queries x DN vectors of columns for values. */
#if defined(TILES)
enum { QN = 2, KN = 32, PN = 16, DN = 4 };            /* 4 accumulators of 8 tiles */
#elif defined(VF_AVX512)
enum { QN = 2, KN = 8, PN = 8, DN = 2 };              /* 16 accumulators of 32 registers */
#else
enum { QN = 2, KN = 4, PN = 4, DN = 2 };              /* 8 of 16 */
#endif
enum { QW = QN * VL, DW = DN * VL, MAX_BQ = 128 };    /* PN divides VL: a block of PN queries has one vector's fate */

static const float LOG2E = 1.44269504f;
static const float NEG_BIG = -0x1.fffffep126f;        /* -FLT_MAX / 2: the running maximum starts finite and stays so */

struct tile {                        /* one query tile of one head, its current key tile, its working memory */
    const struct flash_attn_prefill_params *p;
    enum mxb_dtype dt;
    bool boolmask;
    const void *mask;                /* row q0 of the mask that belongs to this head, or NULL */
    int64_t d, bk_pad;               /* head dimension; BK rounded up to KN */
    int64_t q0, rows, rows_pad;      /* first query row, number of rows, the same rounded up to QW */
    int64_t k0, keys;                /* first key, number of keys before the end of the sequence */
    operand *qt;                     /* [panel][d / PER][QW], queries past the last row are 0 */
    const operand *k;                /* [keys rounded up to KN][d / PER] */
    operand *room;                   /* for as many keys, where they are not used in place */
    operand *v;                      /* [d / DW][bk_pad / PER][DW] */
    operand *turned;                 /* [rows_pad][bk_pad / PER]: weights row by row, with TILES */
    float *s;                        /* [panel][bk_pad][QW]: scores, then weights as operands: [panel][..bk_pad / PER][QW] */
    float *o;                        /* [rows_pad][d] */
    float *m, *l, *f;                /* [rows_pad]: running maximum, running sum, factor that this key tile puts on both sums */
    bool live[MAX_BQ / VL];          /* per vector of queries: attends some key of this key tile */
    bool short_scores, short_values; /* with HALVES: this key tile's numbers are small enough for sums in f16 */
};

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Column of query row i in the panels of scores. */
static float *column(const struct tile *t, int64_t i) { return t->s + i / QW * QW * t->bk_pad + i % QW; }

/* Number of keys of the key tile that row i of the query tile may attend by the causal rule; earlier rows have no more. */
static int64_t keys_of_row(const struct tile *t, int64_t i)
{
    const int64_t n = t->q0 + i + (int64_t)t->p->q_offset + 1 - t->k0;
    return !t->p->do_causal ? t->keys : n < 0 ? 0 : least(n, t->keys);
}

/* Adds log2(e) * mask to one query's column of n scores. */
VF_INLINE void add_mask_as(enum mxb_dtype dt, const void *mask, int64_t first, int64_t n, float *s)
{
    for (int64_t j = 0; j < n; j += VL) {
        const int64_t part = least(VL, n - j);
        const vf x = part == VL ? vf_load(dt, mask, first + j) : vf_load_part(dt, mask, first + j, part);
        const vf bias = x * vf_set1(LOG2E);
        for (int64_t e = 0; e < part; e++) {
            s[(j + e) * QW] += bias[e];
        }
    }
}

static void mask_row(const struct tile *t, int64_t i, int64_t n)
{
    const int64_t first = i * t->p->seq_len_k + t->k0;
    float *s = column(t, i);
    if (!t->boolmask) {
        VF_BY_DTYPE(t->dt, add_mask_as, t->mask, first, n, s);
        return;
    }
    const uint8_t *attend = (const uint8_t *)t->mask + first;
    for (int64_t j = 0; j < n; j++) {
        s[j * QW] = attend[j] ? s[j * QW] : -INFINITY;
    }
}

/* Scale, causal rule and mask on n scores of the VL queries from row i. */
static void finish_scores(const struct tile *t, int64_t i, int64_t n, bool masked)
{
    const vf blocked = vf_set1(-INFINITY), scale = vf_set1(t->p->scale * LOG2E);
    const vi lane = vi_iota();
    float *s = column(t, i);
    if (!t->p->narrow_q) {
        for (int64_t j = 0; j < n; j++) {
            vf_store_f32(s + j * QW, vf_load_f32(s + j * QW) * scale);
        }
    }
    if (t->p->do_causal) {
        const int64_t own = t->q0 + i + (int64_t)t->p->q_offset - t->k0;      /* last key of lane 0, may be negative */
        for (int64_t j = own < 0 ? 0 : own + 1; j < n; j++) {
            const vi open = lane >= vi_set1((int32_t)(j - own));
            vf_store_f32(s + j * QW, vf_select(open, vf_load_f32(s + j * QW), blocked));
        }
    }
    for (int64_t e = 0; masked && e < least(VL, t->rows - i); e++) {
        mask_row(t, i + e, n);
    }
}
#endif
