/* How fast: warm-up until steady, batch size, adaptive stop and noise flags, over samples that a callback takes.
 *
 * All durations come from the samples themselves, never from a clock of our own, so that set-up work of the callback
 * (rotating cold buffers) costs no sampling time and the tests can drive everything with a synthetic clock.
 *
 * Bound on the whole: the warm-up takes at most its cap or one run, whichever is longer (the cap once more if only that
 * first run was slow); sampling takes at most max_time plus one sample, or three samples, or one that alone exceeds
 * max_time. */
#include "harness/measure.h"

#include <math.h>
#include <string.h>

enum { GROUP = 5, MIN_SAMPLES_LATE = 3, MIN_TURNS = 3, BATCH_MAX = 4096 };
static const double TICKS_PER_SAMPLE = 200, DEVICE_SAMPLE_NS = 50e3, HOST_SAMPLE_NS = 1e6;
static const double DEFAULT_MAX_TIME_NS = 2e9;
static const double CHECK_GROWTH = 1.3;        /* the interval is looked at when n reaches ceil(min_samples * 1.3^k) */
static const double STEADY = 0.01;             /* medians agree */
static const double SAMPLES_PER_TURN = 24;     /* at least, where a repetition is short enough */

struct sampler {
    const struct measure_opts *o;
    sample_fn fn;
    void *ctx;
    char clock;                      /* 0 until the first sample shows whether there is a device clock */
    bool lost;                       /* the device clock failed after that */
    uint32_t batch;
    double kernel_ns;                /* host time so far */
};
struct sample {
    double ns, host_ns, dev_ns;      /* per repetition; ns is one of the others */
    double cost_ns;                  /* of the whole batch */
};

void measure_defaults(struct measure_opts *o)
{
    *o = (struct measure_opts){
        .min_time_ns = 50e6, .max_time_ns = DEFAULT_MAX_TIME_NS, .warmup_min_ns = 100e6, .warmup_cap_ns = 2e9,
        .min_samples = 30, .max_samples = MEASURE_MAX_SAMPLES, .rel_ci = 0.01, .tick_ns = 0, .batch_step = 1,
    };
}

static struct measure_opts within_limits(const struct measure_opts *given)
{
    struct measure_opts o = *given;
    if (o.max_samples > MEASURE_MAX_SAMPLES) o.max_samples = MEASURE_MAX_SAMPLES;
    if (o.max_samples < 1) o.max_samples = 1;
    if (o.min_samples > o.max_samples) o.min_samples = o.max_samples;
    if (o.min_samples < 1) o.min_samples = 1;
    if (o.batch_step < 1) o.batch_step = 1;
    if (o.turns > MEASURE_MAX_TURNS) o.turns = MEASURE_MAX_TURNS;
    if (o.turns > o.max_samples) o.turns = o.max_samples;
    const double shorter = fmin(1, o.max_time_ns / DEFAULT_MAX_TIME_NS);
    o.warmup_min_ns = fmax(o.warmup_min_ns * shorter, o.warmup_floor_ns);
    o.warmup_cap_ns = fmax(o.warmup_cap_ns * shorter, 2 * o.warmup_floor_ns);
    return o;
}

/* MXB_EDEVICE: the callback returned a host time that is no time. */
static int take(struct sampler *s, struct sample *x)
{
    struct mxb_time t = { -1, -1 };
    const int rc = s->fn(s->ctx, s->batch, &t);
    if (rc) return rc;
    if (!(t.host_ns >= 0) || isinf(t.host_ns)) return MXB_EDEVICE;
    const bool device = t.dev_ns >= 0 && !isinf(t.dev_ns);
    if (s->clock == 0) s->clock = device ? 'd' : 'h';
    if (s->clock == 'd' && !device) {
        s->clock = 'h';
        s->lost = true;
    }
    s->kernel_ns += t.host_ns;
    x->host_ns = t.host_ns / s->batch;
    x->dev_ns = device ? t.dev_ns / s->batch : -1;
    x->ns = s->clock == 'd' ? x->dev_ns : x->host_ns;
    x->cost_ns = fmax(1e3, fmax(t.host_ns, device ? t.dev_ns : 0));   /* at least 1 us: bounds the loops */
    return 0;
}

/* Repetitions that make one sample long enough, for a repetition of t1 ns. */
static uint32_t batch_for(const struct sampler *s, double t1)
{
    double target = s->clock == 'd' ? fmax(TICKS_PER_SAMPLE * s->o->tick_ns, DEVICE_SAMPLE_NS) : HOST_SAMPLE_NS;
    if (s->o->turns) target = fmax(target, s->o->max_time_ns / s->o->turns / SAMPLES_PER_TURN);
    const double b = ceil(target / t1);
    const uint32_t n = b < 1 ? 1 : b < BATCH_MAX ? (uint32_t)b : BATCH_MAX;      /* t1 = 0 makes b infinite */
    return (n + s->o->batch_step - 1) / s->o->batch_step * s->o->batch_step;
}

static bool agree(const double t[3])
{
    return fmax(fmax(t[0], t[1]), t[2]) <= (1 + STEADY) * fmin(fmin(t[0], t[1]), t[2]);
}

struct warmth {
    double t1;                       /* ns of one repetition, from the last group */
    bool judged;                     /* there were three groups to compare */
    bool steady;
};

/* Runs until warmup_min is over and the medians of three consecutive groups of 5 samples agree, or the next sample
 * would pass the cap.  Where 15 samples do not fit into the cap a group is one sample.  The batch follows the time of
 * a repetition by factors of two and more, and only groups of one batch size are compared. */
static int warm_up(struct sampler *s, struct measurement *out, struct warmth *w)
{
    const double cap = s->o->warmup_cap_ns;
    double group[GROUP], median[3] = { 0, 0, 0 }, spent = 0;
    uint32_t in_group = 0, groups = 0;
    struct sample x;
    *w = (struct warmth){ 0, false, false };
    do {
        const int rc = take(s, &x);
        if (rc) return rc;
        if (out->warmup_n++ == 0) out->first_ns = x.host_ns;
        spent += x.cost_ns;
        group[in_group++] = x.ns;
        if (in_group < GROUP && 3 * GROUP * x.cost_ns <= cap) continue;

        w->t1 = stats_median(group, in_group);
        in_group = 0;
        median[0] = median[1];
        median[1] = median[2];
        median[2] = w->t1;
        groups++;
        const uint32_t need = batch_for(s, w->t1);
        if (need > 2 * s->batch || s->batch > 2 * need) {
            s->batch = need;
            groups = 0;
        }
        w->judged = groups >= 3;
        w->steady = w->judged && agree(median);
    } while (!(w->steady && spent >= s->o->warmup_min_ns) && spent + x.cost_ns <= cap);
    s->batch = batch_for(s, w->t1);
    return 0;
}

static bool precise(const struct measure_opts *o, const struct summary *s)
{
    return s->n >= o->min_samples && s->ci_hi - s->ci_lo <= 2 * o->rel_ci * s->median;
}

/* For a reason of its own, such as a driver that compiles late. */
static bool first_was_slow(const struct warmth *w, const struct sample *x) { return !w->judged && x->ns < 0.5 * w->t1; }

static int warm_again(struct sampler *s, struct measurement *out, struct warmth *w, const struct sample *x)
{
    out->warmup_n++;
    s->batch = batch_for(s, x->ns);
    return warm_up(s, out, w);
}

static void keep(const struct sampler *s, struct measurement *out, const struct sample *x)
{
    out->ns[out->n] = x->ns;
    out->host_ns[out->n] = x->host_ns;
    out->n++;
    if (x->dev_ns > 1.001 * x->host_ns + s->o->tick_ns) out->noise |= NOISE_CLOCK;   /* 0.1 %: two crystals */
    if (s->lost) memcpy(out->ns, out->host_ns, out->n * sizeof out->ns[0]);
}

/* The interval is looked at only at a few values of n: looking after every sample would stop on lucky ones. */
static int sample_until_enough(struct sampler *s, struct measurement *out, struct warmth *w)
{
    const struct measure_opts *o = s->o;
    double spent = 0, check = o->min_samples;
    bool rewarmed = false;
    for (;;) {
        struct sample x;
        int rc = take(s, &x);
        if (rc) return rc;
        if (out->n == 0 && !rewarmed && first_was_slow(w, &x)) {
            rewarmed = true;
            if ((rc = warm_again(s, out, w, &x))) return rc;
            continue;
        }
        keep(s, out, &x);
        spent += x.cost_ns;
        const bool full = out->n == o->max_samples;
        const bool late = spent >= o->max_time_ns && (out->n >= MIN_SAMPLES_LATE || x.cost_ns > o->max_time_ns);
        if (out->n < ceil(check) && !full && !late) continue;
        if ((rc = summarize(out->ns, out->n, &out->s))) return rc;
        const bool enough = precise(o, &out->s) && (full || late || spent >= o->min_time_ns);
        if (enough || full || late) {
            strcpy(out->stop_reason, enough ? "interval" : late ? "max_time" : "max_samples");
            return 0;
        }
        while (ceil(check) <= out->n) check *= CHECK_GROWTH;
    }
}

/* One turn: samples until its time or its share of the room is over, and their median. */
static int take_turn(struct sampler *s, struct measurement *out)
{
    const uint32_t first = out->n, room = s->o->max_samples / s->o->turns;
    double spent = 0;
    do {
        struct sample x;
        const int rc = take(s, &x);
        if (rc) return rc;
        keep(s, out, &x);
        spent += x.cost_ns;
    } while (spent < s->o->max_time_ns / s->o->turns && out->n - first < room);
    out->turn_ns[out->nturn++] = stats_median(out->ns + first, out->n - first);
    return 0;
}

/* A kernel that is too slow for so many turns gets as many as fit into twice the time, and MIN_TURNS at least. */
static int sample_in_turns(struct sampler *s, struct measurement *out, struct warmth *w)
{
    const struct measure_opts *o = s->o;
    struct sample x;
    int rc = 0;
    if (!w->judged) {
        if ((rc = take(s, &x))) return rc;
        if (!first_was_slow(w, &x)) out->warmup_n++;
        else if ((rc = warm_again(s, out, w, &x))) return rc;
    }
    const double enough = s->kernel_ns + 2 * o->max_time_ns;
    o->between(s->ctx);
    while (rc == 0 && out->nturn < o->turns && (out->nturn < MIN_TURNS || s->kernel_ns < enough)) {
        rc = take_turn(s, out);
        o->between(s->ctx);
    }
    if (rc) return rc;
    if (s->lost) out->nturn = 0;     /* the first ones are of the other clock */
    strcpy(out->stop_reason, "turns");
    return summarize(out->ns, out->n, &out->s);
}

static uint32_t noise_of(const struct sampler *s, const struct measurement *m, const struct warmth *w)
{
    const double tick = m->clock == 'd' ? s->o->tick_ns : 0;
    uint32_t noise = s->lost ? NOISE_CLOCK : 0;

    /* Too slow for three warm-up groups: the samples themselves must show that it is steady. */
    const bool steady = w->judged ? w->steady : m->n >= 3 && agree(m->ns);
    if (!steady) noise |= NOISE_NOT_STEADY;
    if (fabs(m->s.drift_pct) > 1) noise |= NOISE_DRIFT;
    if (m->s.rho1 > 0.5) noise |= NOISE_AUTOCORRELATED;
    if (tick > 0.005 * m->s.median * m->batch) noise |= NOISE_TICK;
    if (stats_bimodal(m->ns, m->n)) noise |= NOISE_BIMODAL;

    const double reach = 3 * fmax(m->s.q3 - m->s.q1, tick / m->batch);   /* equal readings still differ by a tick */
    uint32_t far = 0;
    for (uint32_t i = 0; i < m->n; i++) far += m->ns[i] < m->s.q1 - reach || m->ns[i] > m->s.q3 + reach;
    if (far > 0.05 * m->n) noise |= NOISE_OUTLIERS;
    return noise;
}

int measure(const struct measure_opts *opts, sample_fn fn, void *ctx, struct measurement *out)
{
    const struct measure_opts o = within_limits(opts);
    struct sampler s = { .o = &o, .fn = fn, .ctx = ctx, .batch = o.batch_step };
    struct warmth w;
    memset(out, 0, sizeof *out);
    int rc = warm_up(&s, out, &w);
    if (rc) return rc;
    if ((rc = o.turns ? sample_in_turns(&s, out, &w) : sample_until_enough(&s, out, &w))) return rc;
    out->batch = s.batch;
    out->clock = s.clock;
    out->kernel_ns = s.kernel_ns;
    out->noise |= noise_of(&s, out, &w);
    return 0;
}
