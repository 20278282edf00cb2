/* Tests the CPU kernels of flash_attn_prefill, each instruction set, against a double loop over queries and keys, and for
 * what must hold to the bit: tile skipping, blocked rows, chunked prefill, any number of threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/cpu/cpu.h"
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"
#include "kernels/common/mxb_cpu.h"

enum { MASK_NONE, MASK_RANK2, MASK_RANK4 };

static const struct isa { const char *name; mxb_cpu_fn fn; uint64_t needs; } isas[] = {
    { "base", flash_attn_prefill_cpu, 0 },
    { "avx2", flash_attn_prefill_cpu_avx2, MXB_FEAT_AVX2 },
    { "avx512", flash_attn_prefill_cpu_avx512, MXB_FEAT_AVX512 },
};

static bool available(const struct isa *isa)
{
    static struct mxb_caps caps;                     /* asked once */
    char err[MXB_ERRLEN];
    if (!caps.features) assert_int_equal(mxb_backend_cpu.info(0, &caps, err, sizeof err), 0);
    return (caps.features & isa->needs) == isa->needs;
}

/* One problem with exact-size buffers, so that a sanitizer sees every access outside a tensor. */
struct attn {
    struct flash_attn_prefill_params p;
    enum mxb_dtype dt;
    bool boolmask;
    int64_t d, bq, bk;
    void *t[6];                      /* by tensor */
    size_t n[6];                     /* elements */
};

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

/* What the op's table asks for per thread. */
static size_t scratch_bytes(const struct attn *a)
{
    const int64_t bq = cdiv(a->bq, 32) * 32, bk = cdiv(a->bk, 8) * 8;
    return (size_t)(4 * (2 * a->d * (bq + bk) + bq * (bk + 3)));
}

/* All items one after another, into an output and scratch full of NaN. */
static void compute(const struct attn *a, const struct isa *isa)
{
    int32_t spec[MXB_MAX_SPEC];
    void *scratch;
    const uint32_t groups[3] = { (uint32_t)cdiv(a->p.seq_len_q, a->bq), a->p.n_heads, a->p.batch };
    const int64_t items = (int64_t)groups[0] * groups[1] * groups[2];
    assert_int_equal(posix_memalign(&scratch, 64, scratch_bytes(a)), 0);
    memset(scratch, 0xff, scratch_bytes(a));
    memset(a->t[T_O], 0xff, a->n[T_O] * element(a, T_O));
    spec_of(a, spec);
    const struct mxb_args args = { .buf = a->t, .params = &a->p, .spec = spec, .groups = groups, .scratch = scratch };
    isa->fn(&args, 0, items / 3);
    isa->fn(&args, items / 3, items);
    free(scratch);
}

/* ---- the double loop ---- */

/* Row q of a head by the definition: o[d] = sum_k exp2(s_k - max s) V[k][d] / sum_k exp2(s_k - max s), the maximum taken
 * from -FLT_MAX / 2 up.  key, value: the head's keys and values; s: room for seq_len_k scores. */
static void reference_row(const struct attn *a, int64_t head, int64_t q, const double *key, const double *value, double *s,
                          double *o)
{
    const struct flash_attn_prefill_params *p = &a->p;
    const float log2e = 1.44269504f, scale = p->scale * log2e;
    const double alpha = mxb_round(a->dt, (double)scale);
    double most = -FLT_MAX / 2, sum = 0, x[512];
    for (int64_t d = 0; d < a->d; d++) {
        x[d] = at(a, T_Q, (head * p->seq_len_q + q) * a->d + d);
        x[d] = p->narrow_q ? mxb_round(a->dt, alpha * x[d]) : x[d] * (double)scale;
        o[d] = 0;
    }
    for (int64_t k = 0; k < p->seq_len_k; k++) {
        s[k] = (double)log2e * mask_term(a, head, q, k);
        for (int64_t d = 0; d < a->d; d++) s[k] += x[d] * key[k * a->d + d];
        if (p->do_causal && k > q + (int64_t)p->q_offset) s[k] = -INFINITY;
        most = fmax(most, s[k]);
    }
    for (int64_t k = 0; k < p->seq_len_k; k++) {
        const double w = exp2(s[k] - most);
        sum += w;
        for (int64_t d = 0; d < a->d && w > 0; d++) o[d] += w * value[k * a->d + d];
    }
    for (int64_t d = 0; d < a->d && sum > 0; d++) o[d] /= sum;
}

static double *room(size_t n)
{
    double *v = malloc(n * sizeof *v);
    assert_non_null(v);
    return v;
}

static double *reference(const struct attn *a)
{
    const int64_t h = a->p.n_heads, ql = a->p.seq_len_q, group = h / a->p.n_kv_heads, kv = a->p.seq_len_k * a->d;
    double *want = room(a->n[T_O]), *key = room(a->n[T_K]), *value = room(a->n[T_V]), *s = room(a->p.seq_len_k);
    for (size_t i = 0; i < a->n[T_K]; i++) {
        key[i] = at(a, T_K, (int64_t)i);
        value[i] = at(a, T_V, (int64_t)i);
    }
    for (int64_t head = 0; head < a->p.batch * h; head++) {
        const int64_t from = (head / h * a->p.n_kv_heads + head % h / group) * kv;
        for (int64_t q = 0; q < ql; q++)
            reference_row(a, head, q, key + from, value + from, s, want + (head * ql + q) * a->d);
    }
    free(s);
    free(value);
    free(key);
    return want;
}

/* Allows the final rounding and f32 sums: scores of `spread` 1 have errors around 1e-6, which is also the relative error
 * of the weights. */
static void expect_reference(const struct attn *a, const char *isa, const double *want)
{
    for (size_t i = 0; i < a->n[T_O]; i++) {
        const double got = at(a, T_O, (int64_t)i), allowed = mxb_unit(a->dt) * fabs(want[i]) + 1e-5;
        if (!(fabs(got - want[i]) <= allowed))
            fail_msg("%s dtype %s D=%d BQ=%d BK=%d qL=%u kL=%u mask=%u bool=%d causal=%u blk=%u off=%u: o[%zu] is %.9g, not %.9g",
                     isa, mxb_dtype_name(a->dt), (int)a->d, (int)a->bq, (int)a->bk, a->p.seq_len_q, a->p.seq_len_k, a->p.mask,
                     a->boolmask, a->p.do_causal, a->p.has_blk, a->p.q_offset, i, got, want[i]);
    }
}

static void check_all_isas(const struct attn *a)
{
    double *want = reference(a);
    for (size_t i = 0; i < MXB_COUNT(isas); i++) {
        if (!available(&isas[i])) continue;
        compute(a, &isas[i]);
        expect_reference(a, isas[i].name, want);
    }
    free(want);
}

static struct attn shape(enum mxb_dtype dt, int64_t d, uint32_t ql, uint32_t kl)
{
    return (struct attn){ .dt = dt, .d = d, .bq = 32, .bk = 16,
                          .p = { .batch = 1, .n_heads = 2, .n_kv_heads = 1, .seq_len_q = ql, .seq_len_k = kl,
                                 .scale = (float)(1 / sqrt((double)d)), .narrow_q = 1 } };
}

/* Every dtype and head dimension of the entries with every kind of mask; ragged in both directions. */
static void test_entries_and_masks(void **state)
{
    (void)state;
    static const enum mxb_dtype dts[] = { MXB_F32, MXB_F16, MXB_BF16 };
    static const int64_t dims[] = { 64, 256, 512 };
    for (size_t t = 0; t < MXB_COUNT(dts); t++) {
        for (size_t d = 0; d < MXB_COUNT(dims); d++) {
            for (int kind = 0; kind < 10; kind++) {
                struct attn a = shape(dts[t], dims[d], 45, 37);
                a.p.do_causal = (uint32_t)kind % 2;
                a.p.mask = (uint32_t)(kind / 2 + 1) / 2;
                a.boolmask = kind / 2 % 2 == 0 && kind > 1;
                new_attn(&a, 1);
                check_all_isas(&a);
                free_attn(&a);
            }
        }
    }
}

static void test_tiles(void **state)
{
    (void)state;
    static const int64_t sizes[] = { 1, 5, 8, 16, 17, 33, 64, 127, 128 };
    for (size_t i = 0; i < MXB_COUNT(sizes); i++) {
        struct attn a = shape(i % 2 ? MXB_F32 : MXB_BF16, 64, 70, 133);
        a.p.do_causal = 1;
        a.p.q_offset = 63;
        a.p.mask = MASK_RANK2;
        new_attn(&a, 1);
        double *want = reference(&a);
        for (size_t j = 0; j < MXB_COUNT(sizes); j++) {
            a.bq = sizes[i];
            a.bk = sizes[j];
            for (size_t k = 0; k < MXB_COUNT(isas); k++) {
                if (!available(&isas[k])) continue;
                compute(&a, &isas[k]);
                expect_reference(&a, isas[k].name, want);
            }
        }
        free(want);
        free_attn(&a);
    }
}

/* Lengths around tile and vector edges, with queries before, inside and after the keys. */
static void test_lengths(void **state)
{
    (void)state;
    static const uint32_t ql[] = { 1, 2, 15, 16, 31, 33, 65 }, kl[] = { 1, 7, 16, 17, 48, 64 }, off[] = { 0, 1, 14, 100 };
    for (size_t i = 0; i < MXB_COUNT(ql); i++) {
        for (size_t j = 0; j < MXB_COUNT(kl); j++) {
            struct attn a = shape(MXB_F16, 64, ql[i], kl[j]);
            a.p.do_causal = 1;
            a.p.q_offset = off[(i + j) % MXB_COUNT(off)];
            new_attn(&a, 1);
            check_all_isas(&a);
            free_attn(&a);
        }
    }
}

static void test_heads_and_batches(void **state)
{
    (void)state;
    struct attn a = shape(MXB_BF16, 64, 20, 30);
    a.p.batch = 3;
    a.p.n_heads = 6;
    a.p.n_kv_heads = 2;
    a.p.mask = MASK_RANK4;
    new_attn(&a, 1);
    check_all_isas(&a);
    free_attn(&a);
}

/* Scores of size 40: the running maximum moves, early sums vanish; rounding Q matters. */
static void test_large_scores(void **state)
{
    (void)state;
    for (uint32_t narrow = 0; narrow < 2; narrow++) {
        struct attn a = shape(MXB_BF16, 256, 40, 70);
        a.p.narrow_q = narrow;
        a.p.scale = 1;
        new_attn(&a, 0.5);
        for (int64_t k = 0; k < 70; k++)             /* grows with the key */
            for (int64_t d = 0; d < 256; d++)
                set(&a, T_K, k * 256 + d, at(&a, T_K, k * 256 + d) * (1 + (double)k) / 40);
        check_all_isas(&a);
        free_attn(&a);
    }
}

/* ---- to the bit ---- */

static void *copy_output(const struct attn *a)
{
    void *copy = malloc(a->n[T_O] * element(a, T_O));
    assert_non_null(copy);
    memcpy(copy, a->t[T_O], a->n[T_O] * element(a, T_O));
    return copy;
}

/* Classes of the mask's tiles by their definition. */
static void classify(struct attn *a)
{
    const int64_t nq = cdiv(a->p.seq_len_q, a->bq), nk = cdiv(a->p.seq_len_k, a->bk);
    uint8_t *blk = malloc((size_t)(nq * nk));
    assert_non_null(blk);
    for (int64_t i = 0; i < nq * nk; i++) {
        const int64_t q0 = i / nk * a->bq, k0 = i % nk * a->bk;
        bool open = false, clean = true;
        for (int64_t q = q0; q < least(q0 + a->bq, a->p.seq_len_q); q++) {
            for (int64_t k = k0; k < least(k0 + a->bk, a->p.seq_len_k); k++) {
                const double m = mask_term(a, 0, q, k);
                open |= m > -1e30;
                clean &= m == 0;
            }
        }
        blk[i] = !open ? 0 : clean && k0 + a->bk <= a->p.seq_len_k ? 2 : 1;
    }
    free(a->t[T_BLK]);
    a->t[T_BLK] = blk;
}

static void test_skipping_is_exact(void **state)
{
    (void)state;
    static const int64_t tiles[][2] = { { 32, 16 }, { 8, 8 }, { 16, 64 }, { 64, 64 }, { 5, 7 }, { 128, 24 } };
    for (size_t i = 0; i < MXB_COUNT(tiles); i++) {
        for (uint32_t causal = 0; causal < 2; causal++) {
            size_t classes[3] = { 0 };
            struct attn a = shape(i % 2 ? MXB_F32 : MXB_BF16, 64, 150, 170);
            a.p.mask = MASK_RANK2;
            a.p.do_causal = causal;
            a.bq = tiles[i][0];
            a.bk = tiles[i][1];
            new_attn(&a, 1);
            for (int64_t k = 0; k < 170 * 64; k++)   /* 0 * -v must not turn +0 into -0 either */
                if (at(&a, T_V, k) > 0 && k % 64 < 8) set(&a, T_V, k, -0x1p-130);
            classify(&a);
            for (int64_t t = 0; t < cdiv(150, a.bq) * cdiv(170, a.bk); t++) classes[((const uint8_t *)a.t[T_BLK])[t]]++;
            assert_true(classes[0] > 0 && classes[1] > 0 && (classes[2] > 0 || a.bk > 16));
            for (size_t k = 0; k < MXB_COUNT(isas); k++) {
                if (!available(&isas[k])) continue;
                a.p.has_blk = 0;
                compute(&a, &isas[k]);
                void *plain = copy_output(&a);
                a.p.has_blk = 1;
                compute(&a, &isas[k]);
                assert_memory_equal(a.t[T_O], plain, a.n[T_O] * element(&a, T_O));
                free(plain);
            }
            free_attn(&a);
        }
    }
}

/* The classes are obeyed: 0 hides a tile and 2 the mask, whatever the mask says. */
static void test_classes_are_used(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        struct attn a = shape(MXB_F32, 64, 32, 32);
        if (!available(&isas[k])) continue;
        a.p.mask = MASK_RANK2;
        new_attn(&a, 1);
        uint8_t *blk = a.t[T_BLK] = malloc(2);
        assert_non_null(blk);
        a.p.has_blk = 1;
        blk[0] = 2;
        blk[1] = 0;
        compute(&a, &isas[k]);
        for (size_t i = 0; i < a.n[T_MASK]; i++) mxb_store(MXB_F32, a.t[T_MASK], i, i % 32 < 16 ? 0 : -INFINITY);
        double *want = reference(&a);
        expect_reference(&a, isas[k].name, want);
        free(want);
        free_attn(&a);
    }
}

static void test_blocked_rows_are_zero(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct attn a = shape(MXB_BF16, 64, 33, 50);
        a.boolmask = kind == 1;
        a.p.mask = MASK_RANK2;
        new_attn(&a, 1);
        const uint16_t blocked = 0xff80, lowest = 0xff7f;            /* -inf; the largest finite, whose product is -inf */
        for (size_t i = 0; i < a.n[T_MASK]; i++) {
            if (i / 50 % 2) continue;
            if (a.boolmask) ((uint8_t *)a.t[T_MASK])[i] = 0;
            else memcpy((uint16_t *)a.t[T_MASK] + i, kind == 2 ? &lowest : &blocked, 2);
        }
        for (size_t k = 0; k < MXB_COUNT(isas); k++) {
            if (!available(&isas[k])) continue;
            compute(&a, &isas[k]);
            for (int64_t q = 0; q < 33; q += 2)
                for (int64_t d = 0; d < 64; d++) assert_int_equal(((const uint16_t *)a.t[T_O])[q * 64 + d], 0);
        }
        check_all_isas(&a);
        free_attn(&a);
    }
}

/* A chunk behind q_offset gives the rows of the whole prefill. */
static void test_chunk(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        struct attn whole = shape(MXB_BF16, 256, 96, 96), chunk = shape(MXB_BF16, 256, 32, 96);
        if (!available(&isas[k])) continue;
        whole.p.do_causal = chunk.p.do_causal = 1;
        whole.p.n_heads = chunk.p.n_heads = 1;
        chunk.p.q_offset = 64;
        new_attn(&whole, 1);
        new_attn(&chunk, 1);
        memcpy(chunk.t[T_Q], (const uint16_t *)whole.t[T_Q] + 64 * 256, chunk.n[T_Q] * 2);
        memcpy(chunk.t[T_K], whole.t[T_K], chunk.n[T_K] * 2);
        memcpy(chunk.t[T_V], whole.t[T_V], chunk.n[T_V] * 2);
        compute(&whole, &isas[k]);
        compute(&chunk, &isas[k]);
        assert_memory_equal(chunk.t[T_O], (const uint16_t *)whole.t[T_O] + 64 * 256, chunk.n[T_O] * 2);
        free_attn(&whole);
        free_attn(&chunk);
    }
}

/* Q has one component 1 and alpha is 1, so scores are whole numbers, weights powers of two, all sums exact. */
static void test_exact(void **state)
{
    (void)state;
    struct attn a = shape(MXB_F32, 64, 40, 24);
    a.p.scale = 0x1.62e43p-1f;                       /* ln 2 */
    assert_true(a.p.scale * 1.44269504f == 1.0f);
    new_attn(&a, 0);
    for (int64_t i = 0; i < 2 * 40; i++) set(&a, T_Q, i * 64, 1);
    for (int64_t k = 0; k < 24; k++) {
        set(&a, T_K, k * 64, (double)(k * 7 % 5) - 9);
        for (int64_t d = 0; d < 64; d++) set(&a, T_V, k * 64 + d, (double)((k + d) % 7) - 3);
    }
    double *want = reference(&a);
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        if (!available(&isas[k])) continue;
        compute(&a, &isas[k]);
        for (size_t i = 0; i < a.n[T_O]; i++) assert_true(at(&a, T_O, (int64_t)i) == (float)want[i]);
    }
    free(want);
    free_attn(&a);
}

/* NaN in a query: its row.  In a key: the rows that attend it.  In a value: its column of those rows. */
static void test_nan(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        if (!available(&isas[k])) continue;
        for (int where = T_Q; where <= T_V; where++) {
            struct attn a = shape(MXB_BF16, 64, 50, 50);
            a.p.n_heads = 1;
            a.p.do_causal = 1;
            a.bq = a.bk = 16;
            new_attn(&a, 1);
            set(&a, where, 32 * 64 + 5, NAN);
            compute(&a, &isas[k]);
            for (int64_t i = 0; i < 50 * 64; i++) {
                const bool hit = where == T_Q ? i / 64 == 32 : i / 64 >= 32 && (where == T_K || i % 64 == 5);
                assert_int_equal(isnan(at(&a, T_O, i)) != 0, hit);
            }
            free_attn(&a);
        }
    }
}

static void run_threads(const struct attn *a, const struct isa *isa, uint32_t threads)
{
    const struct mxb_backend *be = &mxb_backend_cpu;
    char err[MXB_ERRLEN] = "";
    int32_t value[MXB_MAX_SPEC];
    struct mxb_spec spec[MXB_MAX_SPEC] = { { 0 } };
    struct mxb_dev *d = NULL;
    struct mxb_pipe *p = NULL;
    struct mxb_time time;
    const struct mxb_open_opts opts = { .threads = threads };
    spec_of(a, value);
    for (int i = 0; i < MXB_MAX_SPEC; i++) spec[i].value = value[i];
    const struct mxb_shader s = { .label = "test", .entry = isa->name, .code_fn = isa->fn, .spec = spec, .nspec = S_BK + 1,
                                  .nbind = 6, .push_bytes = sizeof a->p, .scratch_bytes = scratch_bytes(a) };
    struct mxb_step step = { .kind = MXB_DISPATCH, .nbind = 6, .push = &a->p,
                             .groups = { (uint32_t)cdiv(a->p.seq_len_q, a->bq), a->p.n_heads, a->p.batch } };
    assert_int_equal(be->open(0, &opts, &d, err, sizeof err), 0);
    assert_int_equal(be->compile(d, &s, &p), 0);
    for (int t = 0; t < 6; t++) {
        const uint64_t bytes = a->n[t] ? a->n[t] * element(a, t) : 1;
        step.bind[t].len = bytes;
        assert_int_equal(be->alloc(d, bytes, &step.bind[t].buf), 0);
        if (a->n[t]) assert_int_equal(be->upload(d, step.bind[t].buf, 0, a->t[t], bytes), 0);
    }
    step.pipe = p;
    assert_int_equal(be->run(d, &step, 1, 2, &time), 0);
    assert_int_equal(be->download(d, step.bind[T_O].buf, 0, a->t[T_O], step.bind[T_O].len), 0);
    for (int t = 0; t < 6; t++) be->release(d, step.bind[t].buf);
    be->destroy(d, p);
    be->close(d);
}

static void test_threads(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        struct attn a = shape(MXB_F16, 64, 100, 90);
        if (!available(&isas[k])) continue;
        a.p.n_heads = 5;
        a.p.mask = MASK_RANK2;
        new_attn(&a, 1);
        compute(&a, &isas[k]);
        void *alone = copy_output(&a);
        for (uint32_t threads = 1; threads <= 4; threads++) {
            run_threads(&a, &isas[k], threads);
            assert_memory_equal(a.t[T_O], alone, a.n[T_O] * 2);
        }
        free(alone);
        free_attn(&a);
    }
}

/* ---- vector helpers, at the width this file is compiled for ---- */

static void test_conversions(void **state)
{
    (void)state;
    for (uint32_t base = 0; base < 65536; base += VL) {
        uint16_t h[VL], back[VL];
        float f[VL];
        for (uint32_t i = 0; i < VL; i++) h[i] = (uint16_t)(base + i);
        for (int dt = MXB_F16; dt <= MXB_BF16; dt++) {
            vf_store_f32(f, vf_load((enum mxb_dtype)dt, h, 0));
            vf_store((enum mxb_dtype)dt, back, 0, vf_load((enum mxb_dtype)dt, h, 0));
            for (uint32_t i = 0; i < VL; i++) {
                const double want = mxb_load((enum mxb_dtype)dt, h, i);
                assert_true(isnan(want) ? isnan(f[i]) : (double)f[i] == want);
                if (!isnan(want)) assert_int_equal(back[i], h[i]);
            }
        }
    }
    for (uint64_t i = 0; i < 400000; i += VL) {      /* f32 to 16 bits: random patterns, and neighbours of halfway points */
        float f[VL];
        for (uint32_t e = 0; e < VL; e++) {
            uint32_t u = mxb_rand_u32(5, 1, i + e);
            if (i % 3 == 0) u = (u & 0xfffff000) + u % 3 - 1;
            if (i % 5 == 0) u = (u & 0x80ffffff) | (0x38000000 + ((u & 7) << 23));      /* near the f16 limits below */
            memcpy(&f[e], &u, 4);
        }
        for (int dt = MXB_F16; dt <= MXB_BF16; dt++) {
            uint16_t got[VL], want[VL];
            vf_store((enum mxb_dtype)dt, got, 0, vf_load_f32(f));
            for (uint32_t e = 0; e < VL; e++) {
                mxb_store((enum mxb_dtype)dt, want, e, (double)f[e]);
                if (!isnan(f[e])) assert_int_equal(got[e], want[e]);
                else assert_true(isnan(mxb_load((enum mxb_dtype)dt, got, e)));
            }
        }
    }
}

static float exp2_of(float x)
{
    float y[VL];
    vf_store_f32(y, vf_exp2(vf_set1(x)));
    for (int i = 1; i < VL; i++) assert_memory_equal(&y[i], &y[0], 4);
    return y[0];
}

static void test_exp2(void **state)
{
    (void)state;
    for (int i = -149; i < 128; i++) assert_true(exp2_of((float)i) == (float)exp2(i));
    for (uint64_t i = 0; i < 400000; i++) {
        const float x = (float)(mxb_rand_uniform(3, 1, i) * 278 - 150), want = (float)exp2((double)x);
        const float ulp = nextafterf(want, INFINITY) - want;
        const double error = fabs((double)exp2_of(x) - exp2((double)x));
        if (want < FLT_MAX && !(error <= 1.2 * (double)ulp))
            fail_msg("exp2(%a) is %a, not %a", (double)x, (double)exp2_of(x), (double)want);
    }
    const float none = exp2_of(-INFINITY), tiny = exp2_of(-FLT_MAX);
    assert_true(none == 0 && !signbit(none) && tiny == 0 && !signbit(tiny));
    assert_true(exp2_of(0) == 1 && exp2_of(-0.0f) == 1 && exp2_of(-150.5f) == 0);
    assert_true(exp2_of(128) == INFINITY && exp2_of(INFINITY) == INFINITY && exp2_of(FLT_MAX) == INFINITY);
    assert_true(isnan(exp2_of(NAN)) && isnan(exp2_of(-NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries_and_masks),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_heads_and_batches),
        cmocka_unit_test(test_large_scores),
        cmocka_unit_test(test_skipping_is_exact),
        cmocka_unit_test(test_classes_are_used),
        cmocka_unit_test(test_blocked_rows_are_zero),
        cmocka_unit_test(test_chunk),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_nan),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_exp2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
