/* Tests of harness/cold.c on a fake device whose cache is simulated, least recently used first out: cold timing must
 * miss it every time, and must refuse where it cannot or where the device has told a wrong size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "harness/cold.h"
#include "tests/unit/toy_op.h"

enum { HIT_NS = 100, MISS_NS = 1000, SUBMIT_NS = 50000, MAX_BUFFERS = 4096 };

/* ---- the device ---- */

struct mxb_buf { uint64_t bytes, used; };            /* used: moment of the last use, 0 = not in the cache */
struct fake { struct mxb_dev base; struct mxb_buf *buf[MAX_BUFFERS]; uint32_t nbuf; uint64_t now; };
static uint64_t cache_bytes, told_bytes, memory_bytes;
static bool has_clock;
static uint64_t hits, misses;

static int fake_alloc(struct mxb_dev *d, uint64_t bytes, struct mxb_buf **out)
{
    struct fake *f = (struct fake *)d;
    assert_true(f->nbuf < MAX_BUFFERS);
    *out = calloc(1, sizeof **out);
    (*out)->bytes = bytes;
    f->buf[f->nbuf++] = *out;
    return 0;
}
static void fake_release(struct mxb_dev *d, struct mxb_buf *b)
{
    struct fake *f = (struct fake *)d;
    for (uint32_t i = 0; b && i < f->nbuf; i++)
        if (f->buf[i] == b) f->buf[i] = f->buf[--f->nbuf];
    free(b);
}
static int fake_upload(struct mxb_dev *d, struct mxb_buf *b, uint64_t off, const void *src, uint64_t n)
{
    (void)d; (void)b; (void)off; (void)src; (void)n;
    return 0;
}
static int fake_download(struct mxb_dev *d, struct mxb_buf *b, uint64_t off, void *dst, uint64_t n)
{
    (void)d; (void)b; (void)off; (void)dst; (void)n;
    return 0;
}

/* Time to touch the buffer: what is there is fast, what is not throws out the oldest. */
static double touch(struct fake *f, struct mxb_buf *b)
{
    const bool hit = b->used != 0;
    uint64_t held = 0;
    b->used = ++f->now;
    for (uint32_t i = 0; i < f->nbuf; i++) held += f->buf[i]->used ? f->buf[i]->bytes : 0;
    while (held > cache_bytes) {
        struct mxb_buf *oldest = NULL;
        for (uint32_t i = 0; i < f->nbuf; i++)
            if (f->buf[i]->used && (!oldest || f->buf[i]->used < oldest->used)) oldest = f->buf[i];
        oldest->used = 0;
        held -= oldest->bytes;
    }
    hits += hit;
    misses += !hit;
    return hit ? HIT_NS : MISS_NS;
}
static int fake_run(struct mxb_dev *d, const struct mxb_step *s, uint32_t n, uint32_t reps, struct mxb_time *t)
{
    struct fake *f = (struct fake *)d;
    double ns = 0;
    for (uint32_t r = 0; r < reps; r++)
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t b = 0; b < s[i].nbind; b++) ns += touch(f, s[i].bind[b].buf);
    *t = (struct mxb_time){ has_clock ? ns : -1, ns + SUBMIT_NS };
    return 0;
}
static int fake_compile(struct mxb_dev *d, const struct mxb_shader *sh, struct mxb_pipe **out)
{
    (void)d; (void)sh;
    *out = malloc(1);
    return 0;
}
static void fake_destroy(struct mxb_dev *d, struct mxb_pipe *p)
{
    (void)d;
    free(p);
}
static void fake_close(struct mxb_dev *d) { free(d); }
static int fake_open(int index, const struct mxb_open_opts *o, struct mxb_dev **out, char *err, size_t errlen);
static const struct mxb_backend fake_be = {
    .abi = MXB_BACKEND_ABI, .name = "fake", .lang = "c", .open = fake_open, .close = fake_close, .alloc = fake_alloc,
    .release = fake_release, .upload = fake_upload, .download = fake_download, .compile = fake_compile,
    .destroy = fake_destroy, .run = fake_run,
};
static int fake_open(int index, const struct mxb_open_opts *o, struct mxb_dev **out, char *err, size_t errlen)
{
    (void)index; (void)o; (void)err; (void)errlen;
    struct fake *f = calloc(1, sizeof *f);
    f->base.be = &fake_be;
    f->base.caps = (struct mxb_caps){ .max_wg = 64,
                                      .max_wg_dim = { 64, 64, 64 },
                                      .max_groups = { 65535, 65535, 65535 },
                                      .mem_bytes = memory_bytes,
                                      .max_buffer = 1 << 28,
                                      .push_bytes = 128,
                                      .max_bind = 16,
                                      .llc_bytes = told_bytes };
    *out = &f->base;
    return 0;
}

/* ---- one case of the toy op on it ---- */

struct sampler { struct exec *x; uint32_t sets; char *err; size_t errlen; };

/* As the worker takes samples: `batch` repetitions are whole rounds over the sets. */
static int sample(void *ctx, uint32_t batch, struct mxb_time *t)
{
    struct sampler *s = ctx;
    const uint32_t reps = (batch + s->sets - 1) / s->sets;
    const int rc = exec_run(s->x, reps, t, s->err, s->errlen);
    const double scale = (double)batch / ((double)reps * s->sets);
    if (t->dev_ns >= 0) t->dev_ns *= scale;
    t->host_ns *= scale;
    return rc;
}

static char err[MXB_ERRLEN];
static uint64_t set_bytes;
static struct mxb_time after;                        /* of 1000 repetitions once prepared */

/* cold_prepare() on a device with these sizes.  *sets: what it chose. */
static int prepare(uint64_t cache, uint64_t told, uint64_t memory, bool clock, uint32_t *sets)
{
    struct toy_params params = { 8, 4096, 0, 0.1f, -1, 1 };
    struct mxb_problem pr;
    static struct plan plan;
    struct exec *x;
    void *stored[MXB_MAX_BIND] = { NULL };
    cache_bytes = cache;
    told_bytes = told;
    memory_bytes = memory;
    has_clock = clock;
    *err = 0;
    assert_int_equal(exec_open(&fake_be, 0, &(struct mxb_open_opts){ 0 }, NULL, &x, err, sizeof err), 0);
    assert_int_equal(problem_init(&pr, &toy_op, &toy_entry[0], &params, 1, MXB_FILL_NORMAL, err, sizeof err), 0);
    assert_int_equal(plan_make(&pr, "c", exec_caps(x), -1, NULL, 0, &plan, err, sizeof err), 0);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++)
        stored[t] = problem_reads(&plan.pr, t) ? calloc(1, problem_bytes(&plan.pr, t)) : NULL;
    assert_int_equal(exec_load(x, &plan, stored, 1, err, sizeof err), 0);
    set_bytes = exec_set_bytes(x);
    struct sampler s = { x, 1, err, sizeof err };
    const int rc = cold_prepare(x, &plan, stored, sample, &s, &s.sets, err, sizeof err);
    *sets = s.sets;
    hits = misses = 0;
    if (rc == 0) assert_int_equal(sample(&s, 1000, &after), 0);
    exec_close(x);
    for (uint32_t t = 0; t < TOY_NTENSOR; t++) free(stored[t]);
    return rc;
}

#define MIB (1ull << 20)

static void every_repetition_misses(void **unused)
{
    (void)unused;
    uint32_t sets;
    for (int clock = 0; clock < 2; clock++) {
        assert_int_equal(prepare(MIB, MIB, 1024 * MIB, clock, &sets), 0);
        assert_true(sets * set_bytes >= 2 * MIB && (sets - 2) * set_bytes <= 2 * MIB);
        assert_int_equal(hits, 0);
        assert_true(misses >= 1000);
        /* A repetition touches several buffers of MISS_NS each, and the time is that of 1000 of them. */
        assert_true(clock ? after.dev_ns >= 1000.0 * MISS_NS : after.dev_ns < 0);
        assert_true(after.host_ns >= 1000.0 * MISS_NS);
    }
}

/* The device says 1 MiB and has 64: the sets stay in its cache, and the probe notices. */
static void a_larger_cache_than_told(void **unused)
{
    (void)unused;
    uint32_t sets;
    assert_int_equal(prepare(64 * MIB, MIB, 1024 * MIB, true, &sets), MXB_EUNSUP);
    assert_non_null(strstr(err, "cold cache cannot be shown: cold / warm = 1.00, wanted 1.2"));
    /* Without a device clock the cost of a submission is shared by as many repetitions on both sides. */
    assert_int_equal(prepare(64 * MIB, MIB, 1024 * MIB, false, &sets), MXB_EUNSUP);
    assert_non_null(strstr(err, "cold / warm = 1.00"));
}

static void too_many_sets(void **unused)
{
    (void)unused;
    uint32_t sets;
    assert_int_equal(prepare(64 * MIB, 64 * MIB, 16384 * MIB, true, &sets), MXB_EUNSUP);
    assert_non_null(strstr(err, "buffer sets of"));
    /* No size told: 64 MiB are assumed. */
    char first[MXB_ERRLEN];
    strcpy(first, err);
    assert_int_equal(prepare(64 * MIB, 0, 16384 * MIB, true, &sets), MXB_EUNSUP);
    assert_string_equal(err, first);
}

static void too_little_memory(void **unused)
{
    (void)unused;
    uint32_t sets;
    assert_int_equal(prepare(MIB, MIB, 8 * MIB, true, &sets), MXB_EUNSUP);     /* more than a quarter of 8 MiB */
    assert_non_null(strstr(err, "buffer sets of"));
    assert_int_equal(prepare(MIB, MIB, 10 * MIB, true, &sets), 0);
}

/* A GPU that tells less than any has is not believed; a CPU and a large cache are. */
static void told_sizes(void **state)
{
    static const struct { enum mxb_device_kind kind; uint64_t told, taken; } row[] = {
        { MXB_KIND_DISCRETE, 4ull << 20, 64ull << 20 },  { MXB_KIND_DISCRETE, 0, 64ull << 20 },
        { MXB_KIND_DISCRETE, 96ull << 20, 96ull << 20 }, { MXB_KIND_CPU, 16ull << 20, 16ull << 20 },
        { MXB_KIND_CPU, 0, 64ull << 20 },
    };
    (void)state;
    for (size_t i = 0; i < MXB_COUNT(row); i++) {
        const struct mxb_caps caps = { .kind = row[i].kind, .llc_bytes = row[i].told };
        assert_int_equal(cold_cache_bytes(&caps), row[i].taken);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_repetition_misses),
        cmocka_unit_test(a_larger_cache_than_told),
        cmocka_unit_test(too_many_sets),
        cmocka_unit_test(too_little_memory),
        cmocka_unit_test(told_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
