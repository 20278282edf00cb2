/* The pipeline cache's contract (registry.h): keys, counts, identity, errors, invalidation, threads.  A counting backend
 * stands in for a driver; the last tests use the catalogue and the linked ops on the cpu backend. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "backends/cpu/cpu.h"
#include "harness/kernel_code.h"
#include "harness/ops.h"
#include "harness/registry.h"

/* ---- a backend that only counts ---- */

struct mxb_pipe { int32_t value; char label[128]; };
struct fake_dev { struct mxb_dev base; int compiled, destroyed, refuse; };

static int fake_compile(struct mxb_dev *d, const struct mxb_shader *s, struct mxb_pipe **out)
{
    struct fake_dev *f = (struct fake_dev *)d;
    if (f->refuse) {
        snprintf(d->err, sizeof(d->err), "log of the compiler");
        return MXB_ECOMPILE;
    }
    *out = calloc(1, sizeof(**out));
    (*out)->value = s->nspec ? s->spec[0].value : -1;
    snprintf((*out)->label, sizeof((*out)->label), "%s", s->label);
    f->compiled++;
    return 0;
}

static void fake_destroy(struct mxb_dev *d, struct mxb_pipe *p)
{
    ((struct fake_dev *)d)->destroyed++;
    free(p);
}

static const struct mxb_backend fake = { .abi = MXB_BACKEND_ABI, .name = "fake", .lang = "c", .compile = fake_compile,
                                         .destroy = fake_destroy };

struct fixture { struct fake_dev dev; struct registry *r; char err[MXB_ERRLEN]; };

/* A source whose kernel has one constant, index 100: the request's value. */
static int load_constant(const struct reg_source *src, const struct reg_request *q, struct mxb_shader *sh, void **hold,
                         char *err, size_t errlen)
{
    (void)src; (void)err; (void)errlen;
    struct mxb_spec *spec = calloc(1, sizeof(*spec));
    *spec = (struct mxb_spec){ "value", 100, 'i', 0 };
    for (uint32_t i = 0; i < q->nint; i++)
        if (q->ints[i].index == 100) spec->value = q->ints[i].value;
    *hold = spec;
    sh->spec = spec;
    sh->nspec = 1;
    return 0;
}

static int load_nothing(const struct reg_source *src, const struct reg_request *q, struct mxb_shader *sh, void **hold,
                        char *err, size_t errlen)
{
    (void)src; (void)q; (void)sh; (void)hold;
    snprintf(err, errlen, "no function in an empty source");
    return MXB_ECOMPILE;
}

static const struct reg_source constant = { .load = load_constant, .unload = free, .content = 11 };
static const struct reg_source constant_v2 = { .load = load_constant, .unload = free, .content = 12 };
static const struct reg_source empty = { .load = load_nothing, .content = 13 };

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->dev.base.be = &fake;
    assert_int_equal(registry_new(&f->dev.base, &f->r), 0);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    registry_free(f->r);
    assert_int_equal(f->dev.compiled, f->dev.destroyed);     /* nothing leaks, nothing twice */
    free(f);
    return 0;
}

static void add(struct fixture *f, const char *name, const struct reg_source *s)
{
    assert_int_equal(registry_register(f->r, name, s, f->err, sizeof(f->err)), 0);
}

static struct mxb_pipe *get_int(struct fixture *f, const char *name, int32_t v)
{
    struct mxb_pipe *p = NULL;
    const struct reg_int c = { 100, v };
    assert_int_equal(registry_get_constants(f->r, name, NULL, 0, &c, 1, &p, f->err, sizeof(f->err)), 0);
    return p;
}

static void test_second_get_is_the_same(void **state)
{
    struct fixture *f = *state;
    struct mxb_pipe *a, *b;
    add(f, "k", &constant);
    assert_false(registry_is_cached(f->r, "k"));
    assert_int_equal(registry_get(f->r, "k", &a, f->err, sizeof(f->err)), 0);
    assert_true(registry_is_cached(f->r, "k"));
    assert_int_equal(registry_get(f->r, "k", &b, f->err, sizeof(f->err)), 0);
    assert_ptr_equal(a, b);
    assert_int_equal(f->dev.compiled, 1);
    assert_int_equal(registry_counts(f->r).hits, 1);
}

static void test_unknown_name(void **state)
{
    struct fixture *f = *state;
    struct mxb_pipe *p = NULL;
    assert_int_equal(registry_get(f->r, "nonexistent_kernel", &p, f->err, sizeof(f->err)), MXB_ENOENT);
    assert_non_null(strstr(f->err, "Kernel not found"));
    assert_non_null(strstr(f->err, "nonexistent_kernel"));
    assert_int_equal(registry_counts(f->r).cached, 0);
    assert_int_equal(registry_counts(f->r).sources, 0);
}

static void test_integer_constant_makes_variants(void **state)
{
    struct fixture *f = *state;
    add(f, "int_fc_test_kernel", &constant);
    struct mxb_pipe *four = get_int(f, "int_fc_test_kernel", 4);
    const uint32_t c = registry_counts(f->r).cached;
    struct mxb_pipe *eight = get_int(f, "int_fc_test_kernel", 8);
    assert_int_equal(registry_counts(f->r).cached, c + 1);
    assert_ptr_not_equal(four, eight);
    assert_ptr_equal(get_int(f, "int_fc_test_kernel", 4), four);
    assert_int_equal(registry_counts(f->r).cached, c + 1);
    assert_int_equal(four->value, 4);
    assert_int_equal(eight->value, 8);
}

static void test_empty_bool_list_is_the_plain_name(void **state)
{
    struct fixture *f = *state;
    struct mxb_pipe *a, *b;
    add(f, "k", &constant);
    assert_int_equal(registry_get_bools(f->r, "k", NULL, 0, &a, f->err, sizeof(f->err)), 0);
    assert_int_equal(registry_counts(f->r).cached, 1);
    assert_int_equal(registry_get(f->r, "k", &b, f->err, sizeof(f->err)), 0);
    assert_ptr_equal(a, b);
}

static void test_labels_are_keys(void **state)
{
    struct fixture *f = *state;
    struct mxb_pipe *plain;
    add(f, "int_fc_test_kernel", &constant);
    assert_int_equal(registry_get(f->r, "int_fc_test_kernel", &plain, f->err, sizeof(f->err)), 0);
    assert_string_equal(registry_label(f->r, plain), "int_fc_test_kernel");
    assert_string_equal(get_int(f, "int_fc_test_kernel", 7)->label, "int_fc_test_kernel|100:i7");
    assert_string_equal(registry_label(f->r, get_int(f, "int_fc_test_kernel", 13)), "int_fc_test_kernel|100:i13");
}

static void test_key_spelling(void **state)
{
    (void)state;
    static const struct reg_bool b[] = { { 200, true }, { 201, false }, { 300, false }, { 301, true } };
    static const struct reg_int i[] = { { 322, 8 }, { 7, -3 } };
    char key[128];
    struct reg_request q = { .name = "k", .bools = b, .nbool = 4, .ints = i, .nint = 2 };
    registry_key(&q, key, sizeof(key));
    assert_string_equal(key, "k|200:b1|201:b0|300:b0|301:b1|322:i8|7:i-3");
    q = (struct reg_request){ .name = "k", .bools = b + 1, .nbool = 1, .tuning = "tiled BQ=32" };
    registry_key(&q, key, sizeof(key));
    assert_string_equal(key, "k|201:b0#tiled BQ=32");
    /* the type letter keeps true and 1 apart */
    const struct reg_bool b5 = { 5, true };
    const struct reg_int i5 = { 5, 1 };
    char other[128];
    registry_key(&(struct reg_request){ .name = "k", .bools = &b5, .nbool = 1 }, key, sizeof(key));
    registry_key(&(struct reg_request){ .name = "k", .ints = &i5, .nint = 1 }, other, sizeof(other));
    assert_string_not_equal(key, other);
}

static void test_order_of_constants_matters(void **state)
{
    struct fixture *f = *state;
    static const struct reg_bool ab[] = { { 1, true }, { 2, true } }, ba[] = { { 2, true }, { 1, true } };
    struct mxb_pipe *x, *y;
    add(f, "k", &constant);
    assert_int_equal(registry_get_bools(f->r, "k", ab, 2, &x, f->err, sizeof(f->err)), 0);
    assert_int_equal(registry_get_bools(f->r, "k", ba, 2, &y, f->err, sizeof(f->err)), 0);
    assert_ptr_not_equal(x, y);
    assert_true(registry_is_cached(f->r, "k|2:b1|1:b1"));
}

static void test_failed_get_changes_nothing(void **state)
{
    struct fixture *f = *state;
    struct mxb_pipe *p = NULL;
    add(f, "broken", &empty);
    add(f, "k", &constant);
    const struct reg_counts before = registry_counts(f->r);
    assert_int_equal(registry_get(f->r, "broken", &p, f->err, sizeof(f->err)), MXB_ECOMPILE);
    assert_non_null(strstr(f->err, "broken"));
    assert_non_null(strstr(f->err, "no function in an empty source"));
    f->dev.refuse = 1;
    const struct reg_int c = { 100, 9 };
    assert_int_equal(registry_get_constants(f->r, "k", NULL, 0, &c, 1, &p, f->err, sizeof(f->err)), MXB_ECOMPILE);
    assert_string_equal(f->err, "k: log of the compiler");      /* the plain name, never the composite key */
    assert_null(p);
    assert_int_equal(registry_counts(f->r).cached, before.cached);
    assert_int_equal(registry_counts(f->r).sources, before.sources);
    f->dev.refuse = 0;                                           /* failures are not remembered */
    assert_int_equal(get_int(f, "k", 9)->value, 9);
}

static void test_reregistering_invalidates(void **state)
{
    struct fixture *f = *state;
    struct mxb_pipe *old, *fresh;
    add(f, "k", &constant);
    add(f, "k2", &constant);
    assert_int_equal(registry_get(f->r, "k", &old, f->err, sizeof(f->err)), 0);
    struct mxb_pipe *old4 = get_int(f, "k", 4), *other = get_int(f, "k2", 4);
    add(f, "k", &constant);                                      /* identical text: a no-op */
    assert_true(registry_is_cached(f->r, "k"));
    add(f, "k", &constant_v2);
    assert_int_equal(registry_counts(f->r).sources, 2);
    assert_false(registry_is_cached(f->r, "k"));
    assert_false(registry_is_cached(f->r, "k|100:i4"));
    assert_true(registry_is_cached(f->r, "k2|100:i4"));         /* a longer name is another kernel */
    assert_int_equal(old4->value, 4);                            /* handles stay valid */
    assert_int_equal(registry_get(f->r, "k", &fresh, f->err, sizeof(f->err)), 0);
    assert_ptr_not_equal(fresh, old);
    assert_ptr_equal(get_int(f, "k2", 4), other);
}

static void test_names_must_be_identifiers(void **state)
{
    struct fixture *f = *state;
    static const char *const bad[] = { "", "a|b", "a#b", "1a", "a b" };
    for (size_t i = 0; i < MXB_COUNT(bad); i++)
        assert_int_equal(registry_register(f->r, bad[i], &constant, f->err, sizeof(f->err)), MXB_EINVAL);
    assert_int_equal(registry_counts(f->r).sources, 0);
}

static void test_composite_text_as_a_name(void **state)
{
    struct fixture *f = *state;
    struct mxb_pipe *p;
    add(f, "k", &constant);
    assert_int_equal(registry_get(f->r, "k|100:i4", &p, f->err, sizeof(f->err)), MXB_ENOENT);
    struct mxb_pipe *four = get_int(f, "k", 4);
    assert_int_equal(registry_get(f->r, "k|100:i4", &p, f->err, sizeof(f->err)), 0);     /* the cache is asked first */
    assert_ptr_equal(p, four);
}

static void *hammer(void *arg)
{
    struct fixture *f = arg;
    for (int32_t i = 0; i < 2000; i++) {
        char err[MXB_ERRLEN];
        struct mxb_pipe *p = NULL;
        const struct reg_int c = { 100, i % 50 };
        if (registry_get_constants(f->r, "k", NULL, 0, &c, 1, &p, err, sizeof(err)) || p->value != i % 50) return (void *)1;
    }
    return NULL;
}

static void test_two_threads_compile_each_key_once(void **state)
{
    struct fixture *f = *state;
    pthread_t t[2];
    void *bad;
    add(f, "k", &constant);
    for (int i = 0; i < 2; i++) assert_int_equal(pthread_create(&t[i], NULL, hammer, f), 0);
    for (int i = 0; i < 2; i++) {
        pthread_join(t[i], &bad);
        assert_null(bad);
    }
    assert_int_equal(f->dev.compiled, 50);
}

static void test_many_keys(void **state)
{
    struct fixture *f = *state;
    add(f, "k", &constant);
    for (int32_t i = 0; i < 5000; i++) get_int(f, "k", i);
    for (int32_t i = 0; i < 5000; i++) assert_int_equal(get_int(f, "k", i)->value, i);
    assert_int_equal(f->dev.compiled, 5000);
}

/* ---- the catalogue on a real device ---- */

static void test_catalogue_on_cpu(void **state)
{
    (void)state;
    const struct mxb_open_opts o = { .threads = 1 };
    struct mxb_dev *dev;
    struct registry *r;
    struct kernel_store *s;
    struct mxb_pipe *p;
    char err[MXB_ERRLEN];
    uint32_t seed4 = 0, extra = 0;
    assert_int_equal(mxb_backend_cpu.open(0, &o, &dev, err, sizeof(err)), 0);
    assert_int_equal(registry_new(dev, &r), 0);
    assert_int_equal(kernel_store_new(dev, NULL, &s), 0);
    assert_int_equal(kernel_store_register(s, r, err, sizeof(err)), 0);
    for (uint32_t i = 0; i < catalogue_count; i++) seed4 += catalogue[i].seed == 4;
    assert_int_equal(seed4, 185);
    assert_int_equal(catalogue_count, 202);
    for (uint32_t i = 0; i < ops_count(); i++)           /* entries of our own, such as the mask builder's, come on top */
        for (uint32_t e = 0; e < ops_get(i)->nentry; e++) {
            bool listed = false;
            for (uint32_t k = 0; k < catalogue_count; k++) listed |= strcmp(catalogue[k].name, ops_get(i)->entry[e].name) == 0;
            extra += !listed;
        }
    assert_int_equal(registry_counts(r).sources, 202 + extra);
    assert_int_equal(registry_counts(r).cached, 0);
    for (uint32_t i = 0; i < catalogue_count; i++) {     /* every name resolves or fails with the documented kind */
        const struct mxb_op *op;
        const bool built = ops_find_entry(catalogue[i].name, &op) != NULL;
        const int rc = registry_get(r, catalogue[i].name, &p, err, sizeof(err));
        assert_int_equal(rc, built ? 0 : MXB_ECOMPILE);
        if (rc) assert_non_null(strstr(err, catalogue[i].name));
    }
    assert_int_equal(registry_get(r, "placeholder", &p, err, sizeof(err)), MXB_ECOMPILE);
    static const struct reg_bool gate[] = { { 200, true }, { 201, true }, { 300, false }, { 301, false } };
    assert_int_equal(registry_get_bools(r, "flash_attn_prefill_bf16_d256", gate, 4, &p, err, sizeof(err)), 0);
    assert_true(registry_is_cached(r, "flash_attn_prefill_bf16_d256|200:b1|201:b1|300:b0|301:b0"));
    registry_free(r);
    kernel_store_free(s);
    mxb_backend_cpu.close(dev);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_second_get_is_the_same), T(test_unknown_name), T(test_integer_constant_makes_variants),
        T(test_empty_bool_list_is_the_plain_name), T(test_labels_are_keys), T(test_key_spelling),
        T(test_order_of_constants_matters), T(test_failed_get_changes_nothing), T(test_reregistering_invalidates),
        T(test_names_must_be_identifiers), T(test_composite_text_as_a_name), T(test_two_threads_compile_each_key_once),
        T(test_many_keys), cmocka_unit_test(test_catalogue_on_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
