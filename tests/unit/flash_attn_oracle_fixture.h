/* For the tests of flash_attn_prefill's oracle and fills: problems with their inputs and the oracle's answer, and f32
 * attention, right and wrong, held against that answer by the harness's own check. */
#ifndef FLASH_ATTN_ORACLE_FIXTURE_H
#define FLASH_ATTN_ORACLE_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/check.h"
#include "harness/ops.h"
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_host.h"

extern const struct mxb_op mxb_op_flash_attn_prefill;
static const struct mxb_op *const op = &mxb_op_flash_attn_prefill;
typedef struct flash_attn_prefill_params params;

#define BF16 "flash_attn_prefill_bf16_d256"
#define F16 "flash_attn_prefill_f16_d512"
#define F16_BOOL "flash_attn_prefill_f16_d256_boolmask"
#define F32 "steel_attention_float32_bq32_bk16_bd256_wm4_wn1_maskfloat32"

static params defaults(void)
{
    params p;
    ops_defaults(op, &p);
    return p;
}

struct run {                         /* one problem with its inputs and what the oracle says */
    params p;
    struct mxb_problem pr;
    struct item_set set;
    struct oracle oracle;
    void *stored[6];
};

/* bq, bk: tile of blk.  Not to be copied: pr points into it. */
static void run_open(struct run *r, const char *entry, params p, enum mxb_fill fill, int bq, int bk)
{
    struct scope tile = { .n = 0 };
    char err[MXB_ERRLEN] = "";
    *r = (struct run){ .p = p };
    assert_non_null(ops_entry(op, entry));
    if (problem_init(&r->pr, op, ops_entry(op, entry), &r->p, 5, fill, err, sizeof err) != 0)
        fail_msg("%s", err);
    scope_add(&tile, "BQ", val_int(bq));
    scope_add(&tile, "BK", val_int(bk));
    assert_int_equal(problem_nelem(&r->pr, T_BLK, &tile, &r->pr.nelem[T_BLK], err, sizeof err), 0);
    for (uint32_t t = 0; t < 6; t++) {
        r->stored[t] = calloc(problem_bytes(&r->pr, t) + 1, 1);
        assert_non_null(r->stored[t]);
        if (problem_reads(&r->pr, t))
            problem_fill(&r->pr, t, r->stored, t == T_BLK ? &tile : NULL, r->stored[t]);
    }
    if (item_set_make(&r->pr, 0, &r->set, err, sizeof err) != 0 ||
        oracle_run(&r->pr, r->stored, &r->set, 1, &r->oracle, err, sizeof err) != 0)
        fail_msg("%s", err);
}

static void run_close(struct run *r)
{
    oracle_free(&r->oracle);
    item_set_free(&r->set);
    for (uint32_t t = 0; t < 6; t++)
        free(r->stored[t]);
}

/* ---- f32 attention, right and wrong ---- */

struct quality {
    bool backward;                   /* sums and keys in descending order */
    bool wide_alpha;                 /* alpha and Q' are not narrowed */
    bool unscaled_o, unscaled_l;     /* the state is not rescaled to a new maximum */
    uint32_t drop, peek;             /* keys left out at the end; future keys let in */
    float factor;                    /* of the scale, 0 = 1 */
    float exp2_error;                /* of exp2(x), in units of the permitted 3 + 2|x| ulp */
    float div_ulp;                   /* the division is off by this many ulp, 2.5 are permitted */
    enum mxb_dtype narrow_p;         /* the probabilities are narrowed to this type before the product; MXB_F32 = not */
    bool narrow_l;                   /* and before their sum */
    bool cut_p;                      /* of the probabilities four bits of fraction are kept, before product and sum */
    bool flush;                      /* what is smaller than 2^-126 counts as 0: probabilities, values, sums */
};

static float dot(const float *q, const double *k, uint32_t d, bool backward)
{
    float s = 0;
    for (uint32_t i = 0; i < d; i++) {
        const uint32_t c = backward ? d - 1 - i : i;
        s += q[c] * (float)k[c];
    }
    return s;
}

/* exp2 of a device: the error is a function of the argument, of full size, its sign a hash of the argument. */
static float device_exp2(float x, float of_permitted)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const float sign = bits * 0x9E3779B1u >> 31 ? 1.0f : -1.0f;
    return x == 0 ? 1 : exp2f(x) * (1 + sign * of_permitted * (3 + 2 * fabsf(x)) * 0x1p-23f);
}

static float cut(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= 0xfff80000;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float flushed(const struct quality *f, float x) { return f->flush && fabsf(x) < 0x1p-126f ? 0 : x; }

struct query {                       /* one query row and what it reads */
    float q[HEAD_DIM_MAX], unit;     /* Q' or Q; the factor on the dot product */
    const double *k, *v, *mask;      /* mask: this row's cells or NULL */
    uint32_t d, last;                /* last: key beyond which the causal rule blocks */
    bool boolmask;
};

static struct query find_query(const struct run *r, const struct quality *f, uint64_t item)
{
    const params *p = &r->p;
    const struct mxb_ref *t = r->oracle.t;
    const uint32_t d = flash_attn_prefill_head_dim(r->pr.entry), group = p->n_heads / p->n_kv_heads;
    const uint64_t head = item / p->seq_len_q, kv_head = head / p->n_heads * p->n_kv_heads + head % p->n_heads / group;
    const uint64_t kv = kv_head * p->seq_len_k * d, row = item % p->seq_len_q;
    const enum mxb_dtype narrow = f->wide_alpha || !p->narrow_q ? MXB_F32 : r->pr.dtype[T_Q];
    const float scaled = p->scale * (f->factor != 0 ? f->factor : 1) * 1.44269504f;
    const float alpha = p->narrow_q ? (float)mxb_round(narrow, (double)scaled) : 1;
    struct query x = {
        .unit = p->narrow_q ? 1 : scaled, .k = t[T_K].v + kv, .v = t[T_V].v + kv, .d = d,
        .last = p->do_causal ? (uint32_t)row + p->q_offset + f->peek : UINT32_MAX,
        .boolmask = r->pr.dtype[T_MASK] == MXB_BOOL,
    };
    for (uint32_t c = 0; c < d; c++)
        x.q[c] = (float)mxb_round(narrow, (double)(alpha * (float)t[T_Q].v[item * d + c]));
    if (p->mask != MASK_NONE)
        x.mask = t[T_MASK].v + (p->mask == MASK_RANK4 ? item : row) * p->seq_len_k;
    return x;
}

/* Score of a key, -inf where the mask blocks it. */
static float query_score(const struct query *x, uint32_t key, bool backward)
{
    const float s = dot(x->q, x->k + (uint64_t)key * x->d, x->d, backward) * x->unit;
    if (!x->mask)
        return s;
    if (x->boolmask)
        return x->mask[key] != 0 ? s : -INFINITY;
    return s + 1.44269504f * (float)x->mask[key];
}

static void attend(const struct run *r, const struct quality *f, uint64_t item)
{
    const params *p = &r->p;
    const struct query x = find_query(r, f, item);
    float o[HEAD_DIM_MAX] = { 0 }, m = -0x1p126f, l = 0;
    for (uint32_t i = 0; i + f->drop < p->seq_len_k; i++) {
        const uint32_t k = f->backward ? p->seq_len_k - 1 - f->drop - i : i;
        const float s = k > x.last ? -INFINITY : query_score(&x, k, f->backward);
        if (s == -INFINITY)
            continue;
        const float top = s > m ? s : m, scale = device_exp2(m - top, f->exp2_error);
        const float exact = device_exp2(s - top, f->exp2_error), w = f->cut_p ? cut(exact) : exact;
        const float w_narrow = flushed(f, (float)mxb_round(f->narrow_p, (double)w));
        l = l * (f->unscaled_l ? 1 : scale) + (f->narrow_l ? w_narrow : w);
        for (uint32_t c = 0; c < x.d; c++) {
            const float v = flushed(f, (float)x.v[(uint64_t)k * x.d + c]);
            o[c] = flushed(f, o[c] * (f->unscaled_o ? 1 : scale) + w_narrow * v);
        }
        m = top;
    }
    for (uint32_t c = 0; c < x.d; c++) {
        const float out = l == 0 ? 0 : o[c] / l * (1 + f->div_ulp * 0x1p-23f);
        mxb_store(r->pr.dtype[T_O], r->stored[T_O], item * x.d + c, (double)out);
    }
}

/* Computes every output with the given quality and judges it as the harness does, here by what impl `im` declares. */
static inline struct check_report check_as(struct run *r, struct quality f, const struct mxb_impl *im)
{
    const params *p = &r->p;
    struct check_report report;
    for (uint64_t i = 0; i < (uint64_t)p->batch * p->n_heads * p->seq_len_q; i++)
        attend(r, &f, i);
    check_impl(&r->pr, &r->oracle, &r->set, r->stored, im, 1, &report);
    return report;
}

static inline struct check_report check_f32(struct run *r, struct quality f)
{
    return check_as(r, f, &(struct mxb_impl){ .acc = MXB_F32 });
}
#endif
