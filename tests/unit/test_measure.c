/* Tests of harness/measure.c on a synthetic clock: no test reads a real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/measure.h"

/* A kernel and its clocks.  Times in ns. */
struct fake {
    double t1;                       /* of one repetition */
    double noise, slow_share, slow_by;   /* standard deviation; share of samples that take slow_by times as long */
    double ar;                       /* correlation of the noise from sample to sample */
    double drift;                    /* relative growth per second of host time */
    double first_extra;              /* of the first repetition alone: late compilation */
    double settle_ns, settle_by;     /* warms up: settle_by times slower at 0, normal after settle_ns of host time */
    double overhead;                 /* host time per submission */
    double tick;                     /* device times are multiples of it; 0 = exact */
    double dev_scale;                /* device clock runs fast by this factor */
    bool   device;
    int    lose_device_at, fail_at, nan_at;   /* number of the call, from 1; 0 = never */
    /* state */
    uint64_t seed;
    int calls;
    uint32_t largest_batch;
    double now, ar_state;
};

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-53;
}
static double normal(uint64_t *state)
{
    const double u = uniform(state), v = uniform(state);
    return sqrt(-2 * log(1 - u)) * cos(2 * 3.14159265358979323846 * v);
}

static int run_fake(void *ctx, uint32_t batch, struct mxb_time *t)
{
    struct fake *f = ctx;
    f->calls++;
    assert_in_range(batch, 1, 4096);
    if (f->calls == f->fail_at) return MXB_ENOMEM;
    if (batch > f->largest_batch) f->largest_batch = batch;

    f->ar_state = f->ar * f->ar_state + f->noise * normal(&f->seed);
    double rep = f->t1 * (1 + f->ar_state) * (1 + f->drift * f->now * 1e-9);
    if (uniform(&f->seed) < f->slow_share) rep *= f->slow_by;
    if (f->now < f->settle_ns) rep *= 1 + (f->settle_by - 1) * (1 - f->now / f->settle_ns);
    double dev = rep * batch + (f->calls == 1 ? f->first_extra : 0);
    t->host_ns = dev + f->overhead;
    f->now += t->host_ns;
    dev *= f->dev_scale;
    if (f->tick > 0) dev = f->tick * round(dev / f->tick);
    t->dev_ns = f->device && (f->lose_device_at == 0 || f->calls < f->lose_device_at) ? dev : -1;
    if (f->calls == f->nan_at) t->host_ns = NAN;
    return 0;
}

static struct fake steady(double t1)
{
    return (struct fake){ .t1 = t1, .noise = 0.002, .overhead = 10e3, .device = true, .dev_scale = 1, .seed = 1 };
}

static struct measurement m;         /* 16 KiB; each test fills it anew */

static struct measure_opts defaults(void)
{
    struct measure_opts o;
    measure_defaults(&o);
    return o;
}
static void measured(struct fake *f)
{
    const struct measure_opts o = defaults();
    assert_int_equal(measure(&o, run_fake, f, &m), 0);
}

#define near_rel(got, want, tol) assert_near_rel((got), (want), (tol), #got, __LINE__)
static void assert_near_rel(double got, double want, double tol, const char *what, int line)
{
    if (!(fabs(got - want) <= tol * fabs(want))) fail_msg("line %d: %s = %g, want %g", line, what, got, want);
}

/* ---- in turns ---- */

struct turns { struct fake f; int passed, at[64]; };

static int run_turns(void *ctx, uint32_t batch, struct mxb_time *t)
{
    struct turns *x = ctx;
    return run_fake(&x->f, batch, t);
}
static void between(void *ctx)
{
    struct turns *x = ctx;
    if (x->passed < 64) x->at[x->passed] = x->f.calls;
    x->passed++;
}
static struct turns in_turns(struct fake f, uint32_t turns, int rc)
{
    struct turns x = { .f = f };
    struct measure_opts o = defaults();
    o.max_time_ns = 80e6;
    o.turns = turns;
    o.between = between;
    assert_int_equal(measure(&o, run_turns, &x, &m), rc);
    return x;
}

static void turns_are_of_one_length(void **unused)
{
    (void)unused;
    const struct turns x = in_turns(steady(10e3), 20, 0);
    assert_int_equal(m.nturn, 20);
    assert_int_equal(x.passed, 21);                  /* before the first and after each */
    assert_int_equal(x.at[0], (int)m.warmup_n);      /* the warm-up is not interrupted */
    assert_string_equal(m.stop_reason, "turns");
    assert_int_equal(x.f.calls, (int)(m.n + m.warmup_n));
    for (uint32_t i = 0; i < m.nturn; i++) {
        near_rel(m.turn_ns[i], 10e3, 0.005);
        const int n = x.at[i + 1] - x.at[i];         /* 4 ms in samples of 4 ms / 24 and the submission */
        assert_in_range(n, 20, 26);
        assert_true(m.turn_ns[i] == stats_median(m.ns + x.at[i] - x.at[0], (size_t)n));
    }
    assert_int_equal(m.s.n, m.n);

    /* However noisy: no turn more. */
    struct fake noisy = steady(10e3);
    noisy.noise = 0.3;
    in_turns(noisy, 20, 0);
    assert_int_equal(m.nturn, 20);
}

static void slow_kernels_take_fewer_turns(void **unused)
{
    (void)unused;
    struct turns x = in_turns(steady(17e6), 20, 0);  /* 160 ms end in the tenth */
    assert_int_equal(m.nturn, 10);
    assert_int_equal(m.n, 10);
    assert_int_equal(x.passed, 11);
    in_turns(steady(500e6), 20, 0);
    assert_int_equal(m.nturn, 3);
    struct fake late = steady(10e3);                 /* slow once is not slow */
    late.first_extra = 100e6;                        /* longer than the warm-up may take */
    x = in_turns(late, 20, 0);
    assert_int_equal(m.nturn, 20);
    assert_int_equal(x.at[0], (int)m.warmup_n);
    near_rel(m.turn_ns[0], 10e3, 0.005);
    in_turns(steady(20), 1000, 0);                   /* more than there is room for */
    assert_int_equal(m.nturn, MEASURE_MAX_TURNS);
    assert_true(m.n <= MEASURE_MAX_SAMPLES);
    struct fake fast = steady(10e3);                 /* the warm-up saw but slow repetitions: samples are short, turns too */
    fast.settle_ns = 90e6;
    fast.settle_by = 1000;
    fast.first_extra = 0;
    in_turns(fast, 20, 0);
    assert_int_equal(m.nturn, 20);
}

static void turns_end_with_a_failure_or_another_clock(void **unused)
{
    (void)unused;
    struct fake f = steady(10e3);
    f.fail_at = 300;
    const struct turns x = in_turns(f, 20, MXB_ENOMEM);
    assert_true(x.passed >= 2 && x.passed < 21);     /* the other program is let on */
    f = steady(10e3);
    f.lose_device_at = 300;
    in_turns(f, 20, 0);
    assert_int_equal(m.clock, 'h');
    assert_int_equal(m.nturn, 0);
}

static void steady_kernel(void **unused)
{
    (void)unused;
    struct fake f = steady(10e3);                    /* 10 us: a batch of 5 makes 50 us */
    measured(&f);
    assert_int_equal(m.noise, 0);
    assert_int_equal(m.clock, 'd');
    assert_string_equal(m.stop_reason, "interval");
    assert_in_range(m.batch, 5, 6);
    near_rel(m.s.median, 10e3, 0.001);
    near_rel(m.first_ns, 20e3, 0.02);                /* host time of one repetition: with the submission */
    assert_int_equal(m.s.n, m.n);
    assert_true(m.n >= 30 && m.n < 1000);
    assert_int_equal(f.calls, (int)(m.n + m.warmup_n));
    /* min_time of 50 ms: 60 or 70 us each make more than 700 samples, and the next look is at 909 */
    assert_int_equal(m.n, 909);
    for (uint32_t i = 0; i < m.n; i++) near_rel(m.host_ns[i], m.ns[i] + 10e3 / m.batch, 1e-9);
    assert_in_range(m.warmup_n, 100000 / 71, 100000 / 59);   /* 100 ms */
}

/* A short run warms up in proportion, but no less than the floor, and its cap leaves room for that. */
static void warm_up_has_a_floor(void **unused)
{
    (void)unused;
    struct measure_opts o = defaults();
    o.max_time_ns = 20e6;
    struct fake f = steady(10e3);
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_in_range(m.warmup_n, 1000 / 71, 1000 / 59 + 5);   /* 1 ms, and whole groups of 5 */
    o.warmup_floor_ns = 50e6;
    f = steady(10e3);
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_in_range(m.warmup_n, 50000 / 71, 50000 / 59 + 5);
}

static void interval_stops_at_a_look(void **unused)
{
    (void)unused;
    struct fake f = steady(3e6);                     /* 3 ms: 30 samples pass min_time */
    measured(&f);
    assert_int_equal(m.n, 30);
    assert_int_equal(m.batch, 1);
    assert_string_equal(m.stop_reason, "interval");
    f = steady(1e6);
    f.noise = 0.05;                                  /* 1.96 * 1.25 * 5 % / sqrt(n) <= 1 % from about n = 150 on */
    measured(&f);
    assert_string_equal(m.stop_reason, "interval");
    static const uint32_t looks[] = { 30, 39, 51, 66, 86, 112, 145, 189, 245, 319, 414, 538, 700, 909 };
    bool at_look = false;
    for (size_t i = 0; i < MXB_COUNT(looks); i++) at_look |= m.n == looks[i];
    assert_true(at_look);
    assert_true(m.n >= 66 && m.n <= 319);
    assert_true((m.s.ci_hi - m.s.ci_lo) / 2 <= 0.01 * m.s.median);
}

static void noisy_kernel_runs_to_a_cap(void **unused)
{
    (void)unused;
    struct fake f = steady(100e3);
    f.noise = 0.3;
    measured(&f);
    assert_string_equal(m.stop_reason, "max_samples");
    assert_int_equal(m.n, 1000);
    assert_true((m.s.ci_hi - m.s.ci_lo) / 2 > 0.01 * m.s.median);
    f = steady(20e6);
    f.noise = 0.3;
    measured(&f);
    assert_string_equal(m.stop_reason, "max_time");
    assert_in_range(m.n, 70, 130);                   /* 2 s of 20 ms */
    assert_true(m.noise & NOISE_NOT_STEADY);         /* 20 groups of medians 15 % apart */
}

static void drifting_kernel(void **unused)
{
    (void)unused;
    struct fake f = steady(20e6);
    f.noise = 0.05;                                  /* wide enough to run to max_time */
    f.drift = 0.05;                                  /* 5 % a second over 2 s */
    measured(&f);
    assert_true(m.noise & NOISE_DRIFT);
    near_rel(m.s.drift_pct, 10, 0.5);
    f.drift = 0, f.now = 0;
    measured(&f);
    assert_true(fabs(m.s.drift_pct) < 5);
}

static void bimodal_kernel(void **unused)
{
    (void)unused;
    struct fake f = steady(1e6);
    f.slow_share = 0.4;
    f.slow_by = 1.2;
    measured(&f);
    assert_true(m.noise & NOISE_BIMODAL);
    assert_false(m.noise & (NOISE_DRIFT | NOISE_AUTOCORRELATED | NOISE_CLOCK | NOISE_TICK));
}

static void outliers_are_kept_and_flagged(void **unused)
{
    (void)unused;
    struct fake f = steady(200e3);
    f.slow_share = 0.08;
    f.slow_by = 5;
    measured(&f);
    assert_true(m.noise & NOISE_OUTLIERS);
    assert_false(m.noise & NOISE_BIMODAL);
    near_rel(m.s.max, 1e6, 0.02);
    near_rel(m.s.median, 200e3, 0.002);
    f = steady(200e3);
    f.slow_share = 0.02;                             /* below 5 %: labelled nowhere, still kept */
    f.slow_by = 5;
    measured(&f);
    assert_int_equal(m.noise & NOISE_OUTLIERS, 0);
    near_rel(m.s.max, 1e6, 0.02);
}

static void autocorrelated_kernel(void **unused)
{
    (void)unused;
    struct fake f = steady(1e6);
    f.noise = 0.02;
    f.ar = 0.9;
    measured(&f);
    assert_true(m.noise & NOISE_AUTOCORRELATED);
    assert_true(m.s.neff < 0.4 * m.n);
}

static void host_only_device(void **unused)
{
    (void)unused;
    struct fake f = steady(10e3);
    f.device = false;
    measured(&f);
    assert_int_equal(m.clock, 'h');
    assert_int_equal(m.noise, 0);
    assert_in_range(m.batch, 90, 100);               /* 1 ms / (10 us + its share of the submission) */
    near_rel(m.s.median, 10e3 + 10e3 / m.batch, 0.001);
    assert_memory_equal(m.ns, m.host_ns, m.n * sizeof m.ns[0]);
}

static void batches(void **unused)
{
    (void)unused;
    struct measure_opts o = defaults();
    struct fake f = steady(2);                       /* 2 ns: 25000 would be needed */
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.batch, 4096);
    f = steady(0);                                   /* a device clock that shows nothing */
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.batch, 4096);
    assert_true(m.s.median == 0);

    o.tick_ns = 1e3;                                 /* 200 ticks = 200 us */
    f = steady(10e3);
    f.tick = 1e3;
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.batch, 20);
    assert_int_equal(m.noise & NOISE_TICK, 0);

    o.tick_ns = f.tick = 100e3;                      /* 20 ms would be needed, 4096 * 1 us is the cap */
    f.t1 = 1010.6;                                   /* 41.4 ticks: a tenth of the samples reads 42, the others 41 */
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.batch, 4096);
    assert_true(m.noise & NOISE_TICK);
    assert_true(m.s.q3 == m.s.q1 && m.s.max > m.s.q3);
    assert_int_equal(m.noise & NOISE_OUTLIERS, 0);   /* readings one tick apart are no outliers */
}

/* In steps of 20 from the first sample on, so that one repetition more is 5 %. */
static void batches_in_steps(void **unused)
{
    (void)unused;
    struct measure_opts o = defaults();
    o.batch_step = 20;
    struct fake f = steady(1e3);                     /* 50 repetitions make 50 us */
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.batch, 60);
    near_rel(m.s.median, 1e3, 0.01);
    near_rel(m.kernel_ns, f.now, 1e-9);              /* warm-up and samples: all that the device has done */
    f = steady(10e6);
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.batch, 20);
    near_rel(m.s.median, 10e6, 0.01);
}

/* Compiles for 1.2 s in its first dispatch, then takes 20 us: the batch must come from the latter. */
static void slow_first_run(void **unused)
{
    (void)unused;
    struct fake f = steady(20e3);
    f.first_extra = 1.2e9;
    measured(&f);
    near_rel(m.first_ns, 1.2e9, 0.001);
    assert_int_equal(m.batch, 3);
    assert_int_equal(m.noise, 0);
    near_rel(m.s.max, 20e3, 0.02);
    assert_int_equal(f.calls, (int)(m.n + m.warmup_n));
}

static void settles(void **unused)
{
    (void)unused;
    struct fake f = steady(100e3);
    f.settle_ns = 500e6;                             /* clocks need half a second to rise */
    f.settle_by = 2;
    measured(&f);
    assert_int_equal(m.noise & NOISE_NOT_STEADY, 0);
    assert_true(m.s.max < 110e3 * 1.9);
    f = steady(40e6);                                /* 400 ms between medians of 10 % difference */
    f.settle_ns = 20e9;
    f.settle_by = 3;
    measured(&f);
    assert_true(m.noise & NOISE_NOT_STEADY);
    assert_true(m.noise & NOISE_DRIFT);
}

/* Total host time stays near max_time plus the warm-up cap however slow the kernel. */
static void slow_kernels(void **unused)
{
    (void)unused;
    static const struct { double t1; uint32_t warmup, n; } want[] = {
        { 3e9, 1, 1 },               /* beyond max_time: one and one */
        { 1.5e9, 1, 3 },             /* a second warm-up run would pass the cap; three samples at least */
        { 0.8e9, 2, 3 },
        { 0.52e9, 3, 4 },            /* three single runs agree: steady */
        { 0.15e9, 3, 14 },
        { 0.11e9, 15, 19 },          /* three groups of five fit into the cap */
    };
    for (size_t i = 0; i < MXB_COUNT(want); i++) {
        struct fake f = steady(want[i].t1);
        f.noise = 0.0001;
        measured(&f);
        assert_int_equal(m.warmup_n, want[i].warmup);
        assert_int_equal(m.n, want[i].n);
        assert_int_equal(m.batch, 1);
        assert_string_equal(m.stop_reason, "max_time");
        near_rel(m.s.median, want[i].t1, 0.001);
        /* one sample shows nothing of steadiness, three do */
        assert_int_equal(m.noise, want[i].n == 1 ? NOISE_NOT_STEADY : 0);
    }
    struct fake f = steady(1.5e9);
    f.noise = 0.1;
    measured(&f);
    assert_true(m.noise & NOISE_NOT_STEADY);
}

static void short_budget(void **unused)
{
    (void)unused;
    struct measure_opts o = defaults();
    o.max_time_ns = 20e6;                            /* a hundredth: warm-up 1 ms to 20 ms */
    o.min_time_ns = 1e6;
    struct fake f = steady(100e3);
    f.noise = 0.2;
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_true(f.now < 42e6);
    assert_string_equal(m.stop_reason, "max_time");

    o = defaults();
    o.min_samples = 5000, o.max_samples = 100000;    /* more than the arrays hold */
    f = steady(100e3);
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.n, MEASURE_MAX_SAMPLES);
    o.min_samples = o.max_samples = 0;
    f = steady(100e3);
    assert_int_equal(measure(&o, run_fake, &f, &m), 0);
    assert_int_equal(m.n, 1);
}

static void clock_trouble(void **unused)
{
    (void)unused;
    struct fake f = steady(100e3);
    f.overhead = 0;
    f.dev_scale = 1.05;
    measured(&f);
    assert_true(m.noise & NOISE_CLOCK);
    f = steady(100e3);
    f.overhead = 0;
    f.dev_scale = 1.0001;                            /* 100 ppm between two crystals are no mismatch */
    measured(&f);
    assert_int_equal(m.noise & NOISE_CLOCK, 0);

    f = steady(3e6);
    measured(&f);
    const int warm = (int)m.warmup_n;
    f = steady(3e6);
    f.lose_device_at = warm + 10;                    /* the same kernel again, its clock fails in the tenth sample */
    measured(&f);
    assert_int_equal(m.clock, 'h');
    assert_true(m.noise & NOISE_CLOCK);
    assert_memory_equal(m.ns, m.host_ns, m.n * sizeof m.ns[0]);
}

static void errors_of_the_callback(void **unused)
{
    (void)unused;
    const struct measure_opts o = defaults();
    static const int at[] = { 1, 2, 30, 45 };        /* first run, warm-up, samples */
    for (size_t i = 0; i < MXB_COUNT(at); i++) {
        struct fake f = steady(3e6);
        f.fail_at = at[i];
        assert_int_equal(measure(&o, run_fake, &f, &m), MXB_ENOMEM);
        assert_int_equal(f.calls, at[i]);
        f = steady(3e6);
        f.nan_at = at[i];
        assert_int_equal(measure(&o, run_fake, &f, &m), MXB_EDEVICE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steady_kernel),
        cmocka_unit_test(turns_are_of_one_length),
        cmocka_unit_test(slow_kernels_take_fewer_turns),
        cmocka_unit_test(turns_end_with_a_failure_or_another_clock),
        cmocka_unit_test(warm_up_has_a_floor),
        cmocka_unit_test(interval_stops_at_a_look),
        cmocka_unit_test(noisy_kernel_runs_to_a_cap),
        cmocka_unit_test(drifting_kernel),
        cmocka_unit_test(bimodal_kernel),
        cmocka_unit_test(outliers_are_kept_and_flagged),
        cmocka_unit_test(autocorrelated_kernel),
        cmocka_unit_test(host_only_device),
        cmocka_unit_test(batches),
        cmocka_unit_test(batches_in_steps),
        cmocka_unit_test(slow_first_run),
        cmocka_unit_test(settles),
        cmocka_unit_test(slow_kernels),
        cmocka_unit_test(short_budget),
        cmocka_unit_test(clock_trouble),
        cmocka_unit_test(errors_of_the_callback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
