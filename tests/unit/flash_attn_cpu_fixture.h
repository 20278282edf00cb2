/* One flash_attn_prefill problem with its tensors, run on a CPU kernel or answered by a double loop over queries and keys. */
#ifndef FLASH_ATTN_FIXTURE_H
#define FLASH_ATTN_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#if defined(TEST_SHORT_SUMS)         /* one emulation per program: they are the same functions in other types */
#include "tests/unit/fp16_emulation.h"
#else
#include "tests/unit/amx_emulation.h"
#endif
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"

enum { MASK_NONE, MASK_RANK2, MASK_RANK4 };

#if defined(TEST_SHORT_SUMS)
#define TYPE_16 MXB_F16              /* what its kernels take */
#define TYPE_32 MXB_F16
#else
#define TYPE_16 MXB_BF16
#define TYPE_32 MXB_F32
#endif

static const struct isa { const char *name; mxb_cpu_fn fn; uint64_t needs; enum mxb_dtype type; int64_t keys; } isas[] = {
#if defined(TEST_SHORT_SUMS)
    { "avx512_fp16", flash_attn_prefill_cpu_avx512_fp16, MXB_FEAT_AVX512 | MXB_FEAT_AVX512_FP16, MXB_F16, 8 },
#if defined(FP16_EMULATED)
    { "emulated fp16", flash_attn_prefill_emulated_fp16, MXB_FEAT_AVX512, MXB_F16, 8 },
#endif
#else
    { "base", flash_attn_prefill_cpu, 0, MXB_F32, 8 },
    { "avx2", flash_attn_prefill_cpu_avx2, MXB_FEAT_AVX2, MXB_F32, 8 },
    { "avx512", flash_attn_prefill_cpu_avx512, MXB_FEAT_AVX512, MXB_F32, 8 },
    { "avx512_bf16", flash_attn_prefill_cpu_avx512_bf16, MXB_FEAT_AVX512 | MXB_FEAT_AVX512_BF16, MXB_BF16, 8 },
    { "amx", flash_attn_prefill_cpu_amx, MXB_FEAT_AVX512 | MXB_FEAT_AVX512_BF16 | MXB_FEAT_AMX_BF16, MXB_BF16, 32 },
#if defined(AMX_EMULATED)
    { "emulated amx", flash_attn_prefill_emulated_amx, MXB_FEAT_AVX512 | MXB_FEAT_AVX512_BF16, MXB_BF16, 32 },
#endif
#endif
};                                   /* type: takes that alone and narrows weights to it, MXB_F32: takes all; keys: of a block */

/* One problem with exact-size buffers, so that a sanitizer sees every access outside a tensor. */
struct attn {
    struct flash_attn_prefill_params p;
    enum mxb_dtype dt;
    bool boolmask;
    int64_t d, bq, bk;
    void *t[6];                      /* by tensor */
    size_t n[6];                     /* elements */
};

/* Whether the processor has the instructions and the kernel takes the dtype. */
static bool available(const struct isa *isa, const struct attn *a)
{
    static struct mxb_caps caps;                     /* asked once */
    char err[MXB_ERRLEN];
    if (!caps.features) assert_int_equal(mxb_backend_cpu.info(0, &caps, err, sizeof err), 0);
    return (caps.features & isa->needs) == isa->needs && (isa->type == MXB_F32 || a->dt == isa->type);
}

static size_t element(const struct attn *a, int t)
{
    return t == T_BLK || (t == T_MASK && a->boolmask) ? 1 : mxb_dtype_size(a->dt);
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t cdiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

static float at(const struct attn *a, int t, int64_t i) { return (float)mxb_load(a->dt, a->t[t], (uint64_t)i); }
static void set(const struct attn *a, int t, int64_t i, double v) { mxb_store(a->dt, a->t[t], (uint64_t)i, v); }

/* A mask cell as the spec's rule sees it: blocked, or a bias in natural-log units. */
static double mask_term(const struct attn *a, int64_t head, int64_t q, int64_t k)
{
    const int64_t row = (a->p.mask == MASK_RANK4 ? head * a->p.seq_len_q : 0) + q, i = row * a->p.seq_len_k + k;
    if (a->p.mask == MASK_NONE) return 0;
    if (a->boolmask) return ((const uint8_t *)a->t[T_MASK])[i] ? 0 : -INFINITY;
    return at(a, T_MASK, i);
}

/* Masks that reach all paths: whole tiles blocked, whole tiles open, biases, single holes, and a row without any key. */
static double mask_cell(const struct attn *a, uint64_t i)
{
    const int64_t q = (int64_t)(i / a->p.seq_len_k) % a->p.seq_len_q, k = (int64_t)(i % a->p.seq_len_k);
    const double u = mxb_rand_uniform(7, 3, i);
    if (q == 3) return -INFINITY;
    if (k > q + 9 || k + 60 < q) return -INFINITY;
    if (k % 48 < 16) return 0;
    return u < 0.2 ? -INFINITY : u < 0.3 ? -1e4 : u < 0.6 ? 0 : 4 * u - 2;
}

static void new_attn(struct attn *a, double spread)
{
    const struct flash_attn_prefill_params *p = &a->p;
    const size_t q = (size_t)p->batch * p->n_heads * p->seq_len_q * (size_t)a->d;
    const size_t k = (size_t)p->batch * p->n_kv_heads * p->seq_len_k * (size_t)a->d;
    const size_t cells = (size_t)p->seq_len_q * p->seq_len_k * (p->mask == MASK_RANK4 ? p->batch * p->n_heads : 1);
    const size_t n[] = { q, k, k, q, p->mask ? cells : 0, 0 };
    memcpy(a->n, n, sizeof n);
    for (int t = 0; t < T_BLK; t++) {
        a->t[t] = malloc(a->n[t] * element(a, t) + !a->n[t]);
        assert_non_null(a->t[t]);
    }
    a->t[T_BLK] = NULL;
    for (int t = T_Q; t <= T_V; t++)
        for (size_t i = 0; i < n[t]; i++)
            mxb_store(a->dt, a->t[t], i, (t == T_V ? 1 : spread) * mxb_rand_normal(1, (uint32_t)t, i));
    for (size_t i = 0; i < n[T_MASK]; i++) {
        if (a->boolmask) ((uint8_t *)a->t[T_MASK])[i] = mask_cell(a, i) > -INFINITY ? (uint8_t)(1 + i % 255) : 0;
        else mxb_store(a->dt, a->t[T_MASK], i, mask_cell(a, i));
    }
}

static void free_attn(struct attn *a)
{
    for (int t = 0; t < 6; t++) free(a->t[t]);
}

static void spec_of(const struct attn *a, int32_t spec[MXB_MAX_SPEC])
{
    memset(spec, 0, MXB_MAX_SPEC * sizeof *spec);
    spec[S_DTYPE] = spec[S_DTYPE2] = spec[S_DTYPE3] = (int32_t)a->dt;
    spec[S_BD] = (int32_t)a->d;
    spec[S_BOOLMASK] = a->boolmask;
    spec[S_ALIGN_Q] = a->p.seq_len_q % a->bq == 0;
    spec[S_ALIGN_K] = a->p.seq_len_k % a->bk == 0;
    spec[S_HAS_MASK] = a->p.mask != MASK_NONE;
    spec[S_DO_CAUSAL] = (int32_t)a->p.do_causal;
    spec[S_HAS_BLK] = (int32_t)a->p.has_blk;
    spec[S_BQ] = (int32_t)a->bq;
    spec[S_BK] = (int32_t)a->bk;
}

/* What the op's table asks for per thread, less what it adds for luck. */
static size_t scratch_bytes(const struct attn *a, const struct isa *isa)
{
    const int64_t bq = cdiv(a->bq, 32) * 32, bk = cdiv(a->bk, isa->keys) * isa->keys;
    const int64_t size = isa->type != MXB_F32 ? 2 : 4, cell = isa->keys == 32 ? 6 : 4;
    return (size_t)(bq * (a->d * (size + 4) + bk * cell + 12) + bk * a->d * 2 * size);
}

/* All items one after another, into an output and scratch full of NaN. */
static void compute(const struct attn *a, const struct isa *isa)
{
    int32_t spec[MXB_MAX_SPEC];
    void *scratch;
    const uint32_t groups[3] = { (uint32_t)cdiv(a->p.seq_len_q, a->bq), a->p.n_heads, a->p.batch };
    const int64_t items = (int64_t)groups[0] * groups[1] * groups[2];
    assert_int_equal(posix_memalign(&scratch, 64, scratch_bytes(a, isa)), 0);
    memset(scratch, 0xff, scratch_bytes(a, isa));
    memset(a->t[T_O], 0xff, a->n[T_O] * element(a, T_O));
    spec_of(a, spec);
    const struct mxb_args args = { .buf = a->t, .params = &a->p, .spec = spec, .groups = groups, .scratch = scratch };
    isa->fn(&args, 0, items / 3);
    isa->fn(&args, items / 3, items);
    free(scratch);
}

/* ---- the double loop ---- */

/* Row q of a head by the definition: o[d] = sum_k exp2(s_k - max s) V[k][d] / sum_k exp2(s_k - max s), the maximum taken
 * from -FLT_MAX / 2 up; far[d]: the mean distance of the values from it, by the same weights.  key, value: the head's keys and
 * values; s: room for seq_len_k scores. */
static void reference_row(const struct attn *a, int64_t head, int64_t q, const double *key, const double *value, double *s,
                          double *o, double *far)
{
    const struct flash_attn_prefill_params *p = &a->p;
    const float log2e = 1.44269504f, scale = p->scale * log2e;
    const double alpha = mxb_round(a->dt, (double)scale);
    double most = -FLT_MAX / 2, sum = 0, x[512];
    for (int64_t d = 0; d < a->d; d++) {
        x[d] = at(a, T_Q, (head * p->seq_len_q + q) * a->d + d);
        x[d] = p->narrow_q ? mxb_round(a->dt, alpha * x[d]) : x[d] * (double)scale;
        o[d] = far[d] = 0;
    }
    for (int64_t k = 0; k < p->seq_len_k; k++) {
        s[k] = (double)log2e * mask_term(a, head, q, k);
        for (int64_t d = 0; d < a->d; d++) s[k] += x[d] * key[k * a->d + d];
        if (p->do_causal && k > q + (int64_t)p->q_offset) s[k] = -INFINITY;
        most = fmax(most, s[k]);
    }
    for (int64_t k = 0; k < p->seq_len_k; k++) {
        s[k] = exp2(s[k] - most);
        sum += s[k];
        for (int64_t d = 0; d < a->d && s[k] > 0; d++) o[d] += s[k] * value[k * a->d + d];
    }
    for (int64_t d = 0; d < a->d && sum > 0; d++) o[d] /= sum;
    for (int64_t k = 0; k < p->seq_len_k; k++)
        for (int64_t d = 0; d < a->d && s[k] > 0; d++) far[d] += s[k] / sum * fabs(value[k * a->d + d] - o[d]);
}

static double *room(size_t n)
{
    double *v = malloc(n * sizeof *v);
    assert_non_null(v);
    return v;
}

/* The outputs, and behind them the distances. */
static double *reference(const struct attn *a)
{
    const int64_t h = a->p.n_heads, ql = a->p.seq_len_q, group = h / a->p.n_kv_heads, kv = a->p.seq_len_k * a->d;
    double *want = room(2 * a->n[T_O]), *far = want + a->n[T_O], *key = room(a->n[T_K]), *value = room(a->n[T_V]), *s = room(a->p.seq_len_k);
    for (size_t i = 0; i < a->n[T_K]; i++) {
        key[i] = at(a, T_K, (int64_t)i);
        value[i] = at(a, T_V, (int64_t)i);
    }
    for (int64_t head = 0; head < a->p.batch * h; head++) {
        const int64_t from = (head / h * a->p.n_kv_heads + head % h / group) * kv;
        for (int64_t q = 0; q < ql; q++)
            reference_row(a, head, q, key + from, value + from, s, want + (head * ql + q) * a->d, far + (head * ql + q) * a->d);
    }
    free(s);
    free(value);
    free(key);
    return want;
}

/* Allows the final rounding and f32 sums: scores of `spread` 1 have errors around 1e-6, which is also the relative error
 * of the weights.  Weights narrowed to 16 bits are off by one unit roundoff at most.  Scores and values that are
 * added in f16 are off by some more; no sum of weighted values is beyond |o| + far. */
static void expect_reference(const struct attn *a, const struct isa *isa, const double *want)
{
    for (size_t i = 0; i < a->n[T_O]; i++) {
        const double got = at(a, T_O, (int64_t)i), narrow = isa->type != MXB_F32 ? want[a->n[T_O] + i] : 0;
        const double sums = isa->type == MXB_F16 ? 8 * (fabs(want[i]) + narrow) : 0;
        const double allowed = mxb_unit(a->dt) * (fabs(want[i]) + narrow + sums) + 1e-5;
        if (!(fabs(got - want[i]) <= allowed))
            fail_msg("%s dtype %s D=%d BQ=%d BK=%d qL=%u kL=%u mask=%u bool=%d causal=%u blk=%u off=%u: o[%zu] is %.9g, not %.9g",
                     isa->name, mxb_dtype_name(a->dt), (int)a->d, (int)a->bq, (int)a->bk, a->p.seq_len_q, a->p.seq_len_k, a->p.mask,
                     a->boolmask, a->p.do_causal, a->p.has_blk, a->p.q_offset, i, got, want[i]);
    }
}

static void check_all_isas(const struct attn *a)
{
    double *want = reference(a);
    for (size_t i = 0; i < MXB_COUNT(isas); i++) {
        if (!available(&isas[i], a)) continue;
        compute(a, &isas[i]);
        expect_reference(a, &isas[i], want);
    }
    free(want);
}

static struct attn shape(enum mxb_dtype dt, int64_t d, uint32_t ql, uint32_t kl)
{
    return (struct attn){ .dt = dt, .d = d, .bq = 32, .bk = 16,
                          .p = { .batch = 1, .n_heads = 2, .n_kv_heads = 1, .seq_len_q = ql, .seq_len_k = kl,
                                 .scale = (float)(1 / sqrt((double)d)), .narrow_q = 1 } };
}
#endif
