/* Tests the CPU kernels of flash_attn_prefill, each instruction set, against a double loop over queries and keys, and for
 * what must hold to the bit: tile skipping, blocked rows, chunked prefill, any number of threads. */
#include "tests/unit/flash_attn_cpu_fixture.h"

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
        struct attn a = shape(i % 2 ? TYPE_32 : TYPE_16, 64, 70, 133);
        a.p.do_causal = 1;
        a.p.q_offset = 63;
        a.p.mask = MASK_RANK2;
        new_attn(&a, 1);
        double *want = reference(&a);
        for (size_t j = 0; j < MXB_COUNT(sizes); j++) {
            a.bq = sizes[i];
            a.bk = sizes[j];
            for (size_t k = 0; k < MXB_COUNT(isas); k++) {
                if (!available(&isas[k], &a)) continue;
                compute(&a, &isas[k]);
                expect_reference(&a, &isas[k], want);
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
            for (int bf16 = 0; bf16 < 2; bf16++) {
                struct attn a = shape(bf16 ? TYPE_16 : MXB_F16, 64, ql[i], kl[j]);
                a.p.do_causal = 1;
                a.p.q_offset = off[(i + j) % MXB_COUNT(off)];
                new_attn(&a, 1);
                check_all_isas(&a);
                free_attn(&a);
            }
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

/* Values in columns 0 to 7 whose weighted sums underflow to -0, followed by positive ones that later tiles hide: adding
 * 0 * 1 for a hidden key would make +0 of such a sum. */
static void negative_zeros(const struct attn *a)
{
    for (int64_t k = 0; k < a->p.seq_len_k; k++)
        for (int64_t d = 0; d < 8; d++)
            set(a, T_V, k * a->d + d, k >= (d < 4 ? 80 : 158) ? 1 : k % 40 == 1 ? -0x1p-149 : -0.0);
}

static void test_skipping_is_exact(void **state)
{
    (void)state;
    static const int64_t tiles[][2] = { { 32, 16 }, { 8, 8 }, { 16, 64 }, { 64, 64 }, { 5, 7 }, { 128, 24 } };
    for (size_t i = 0; i < MXB_COUNT(tiles); i++) {
        for (uint32_t causal = 0; causal < 2; causal++) {
            size_t classes[3] = { 0 };
            struct attn a = shape(i % 2 ? TYPE_16 : TYPE_32, 64, 150, 170);
            a.p.mask = MASK_RANK2;
            a.p.do_causal = causal;
            a.bq = tiles[i][0];
            a.bk = tiles[i][1];
            new_attn(&a, 1);
            if (i % 2 == 0) negative_zeros(&a);
            classify(&a);
            for (int64_t t = 0; t < cdiv(150, a.bq) * cdiv(170, a.bk); t++) classes[((const uint8_t *)a.t[T_BLK])[t]]++;
            assert_true(classes[0] > 0 && classes[1] > 0 && (classes[2] > 0 || a.bk > 16));
            for (size_t k = 0; k < MXB_COUNT(isas); k++) {
                if (!available(&isas[k], &a)) continue;
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
        struct attn a = shape(TYPE_32, 64, 32, 32);
        if (!available(&isas[k], &a)) continue;
        a.p.mask = MASK_RANK2;
        new_attn(&a, 1);
        uint8_t *blk = a.t[T_BLK] = malloc(2);
        assert_non_null(blk);
        a.p.has_blk = 1;
        blk[0] = 2;
        blk[1] = 0;
        compute(&a, &isas[k]);
        for (size_t i = 0; i < a.n[T_MASK]; i++) mxb_store(TYPE_32, a.t[T_MASK], i, i % 32 < 16 ? 0 : -INFINITY);
        double *want = reference(&a);
        expect_reference(&a, &isas[k], want);
        free(want);
        free_attn(&a);
    }
}

static void test_blocked_rows_are_zero(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct attn a = shape(TYPE_16, 64, 33, 50);
        a.boolmask = kind == 1;
        a.p.mask = MASK_RANK2;
        new_attn(&a, 1);
        const uint16_t lowest = 0xff7f;              /* in bf16: the largest finite, whose product is -inf */
        for (size_t i = 0; i < a.n[T_MASK]; i++) {
            if (i / 50 % 2) continue;
            if (a.boolmask) ((uint8_t *)a.t[T_MASK])[i] = 0;
            else if (kind == 2 && a.dt == MXB_BF16) memcpy((uint16_t *)a.t[T_MASK] + i, &lowest, 2);
            else set(&a, T_MASK, (int64_t)i, -INFINITY);
        }
        for (size_t k = 0; k < MXB_COUNT(isas); k++) {
            if (!available(&isas[k], &a)) continue;
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
        struct attn whole = shape(TYPE_16, 256, 96, 96), chunk = shape(TYPE_16, 256, 32, 96);
        if (!available(&isas[k], &whole)) continue;
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

/* Q has one component 1 and alpha is 1, so scores are whole numbers, weights powers of two, all sums exact.  A large bias
 * on all keys changes nothing: it is finite, so the keys are still attended. */
static void test_exact(void **state)
{
    (void)state;
    struct attn a = shape(TYPE_32, 64, 40, 24);
    a.p.scale = 0x1.62e43p-1f;                       /* ln 2 */
    assert_true(a.p.scale * 1.44269504f == 1.0f);
    a.p.mask = MASK_RANK2;
    new_attn(&a, 0);
    for (int64_t i = 0; i < 40 * 24; i++) set(&a, T_MASK, i, -20000);
    a.p.mask = MASK_NONE;
    for (int64_t i = 0; i < 2 * 40; i++) set(&a, T_Q, i * 64, 1);
    for (int64_t k = 0; k < 24; k++) {
        set(&a, T_K, k * 64, (double)(k * 7 % 5) - 9);
        for (int64_t d = 0; d < 64; d++) set(&a, T_V, k * 64 + d, (double)((k + d) % 7) - 3);
    }
    double *want = reference(&a);
    for (uint32_t biased = 0; biased < 2; biased++) {
        a.p.mask = biased ? MASK_RANK2 : MASK_NONE;
        for (size_t k = 0; k < MXB_COUNT(isas); k++) {
            if (!available(&isas[k], &a)) continue;
            compute(&a, &isas[k]);
            for (size_t i = 0; i < a.n[T_O]; i++) assert_true(at(&a, T_O, (int64_t)i) == mxb_round(a.dt, want[i]));
        }
    }
    free(want);
    free_attn(&a);
}

/* NaN in a query: its row.  In a key: the rows that attend it.  In a value: its column of those rows. */
static void test_nan(void **state)
{
    (void)state;
    for (size_t k = 0; k < MXB_COUNT(isas); k++) {
        for (int where = T_Q; where <= T_V; where++) {
            struct attn a = shape(TYPE_16, 64, 50, 50);
            a.p.n_heads = 1;
            a.p.do_causal = 1;
            a.bq = a.bk = 16;
            if (!available(&isas[k], &a)) continue;
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
                                  .nbind = 6, .push_bytes = sizeof a->p, .scratch_bytes = scratch_bytes(a, isa) };
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
        struct attn a = shape(isas[k].type == MXB_F32 ? MXB_F16 : isas[k].type, 64, 100, 90);
        if (!available(&isas[k], &a)) continue;
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
