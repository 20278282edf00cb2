/* Jobs: made by the parent, done by a worker (job.h). */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include "harness/cold.h"
#include "harness/job.h"
#include "harness/turn.h"

/* ---- parent side ---- */

struct job *job_new(struct arena *a, enum job_kind kind)
{
    struct job *j = arena_alloc(a, sizeof(*j));
    if (j) j->kind = kind;
    return j;
}

int job_open_window(struct arena *a, struct job *j)
{
    j->window = arena_page(a);
    j->answer = arena_alloc(a, sizeof(*j->answer));
    return j->window && j->answer ? 0 : MXB_ENOMEM;
}

void job_close_window(struct arena *a, struct job *j)
{
    const unsigned char *end = arena_page(a);
    j->window_bytes = end ? (uint64_t)(end - j->window) : 0;
}

struct job *job_simple(struct arena *a, enum job_kind kind)
{
    struct job *j = job_new(a, kind);
    if (!j || job_open_window(a, j)) return NULL;
    if (kind == JOB_PROBE && !(j->caps = arena_alloc(a, WORKER_MAX_DEVICES * sizeof(*j->caps)))) return NULL;
    job_close_window(a, j);
    return j;
}

static void end_text(char *text, size_t n) { text[n - 1] = 0; }

static bool is_time(double ns) { return ns >= 0 && ns <= MEASURE_LONGEST_NS; }

static bool are_times(const double *ns, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (!is_time(ns[i])) return false;
    return true;
}

/* Looked at as a byte: any other value of a bool is undefined. */
static bool is_bool(const bool *b)
{
    unsigned char byte;
    memcpy(&byte, b, sizeof(byte));
    return byte <= 1;
}

static bool are_devices(struct mxb_caps *caps, uint32_t n)
{
    if (n > WORKER_MAX_DEVICES) return false;
    for (uint32_t i = 0; i < n; i++) {
        struct mxb_caps *c = &caps[i];
        end_text(c->name, sizeof(c->name));
        end_text(c->driver, sizeof(c->driver));
        end_text(c->driver_version, sizeof(c->driver_version));
        end_text(c->api, sizeof(c->api));
        end_text(c->uuid, sizeof(c->uuid));
        if ((unsigned)c->kind > MXB_KIND_OTHER || !is_time(c->tick_ns)) return false;
    }
    return true;
}

static bool is_summary(const struct summary *s, uint32_t n)
{
    const double ns[] = { s->min, s->q1, s->median, s->q3, s->p99, s->max, s->mean, s->sd, s->mad, s->ci_lo, s->ci_hi };
    return s->n == n && are_times(ns, MXB_COUNT(ns)) && s->rho1 >= 0 && s->rho1 <= 1 && s->neff >= 1 && s->neff <= n &&
           isfinite(s->drift_pct) && s->ci_lo <= s->median && s->median <= s->ci_hi;
}

static bool is_measurement(struct measurement *m)
{
    end_text(m->stop_reason, sizeof(m->stop_reason));
    return m->n >= 1 && m->n <= MEASURE_MAX_SAMPLES && (m->clock == 'd' || m->clock == 'h') && is_time(m->first_ns) &&
           is_time(m->kernel_ns) && are_times(m->canary_ns, MXB_COUNT(m->canary_ns)) && are_times(m->ns, m->n) &&
           are_times(m->host_ns, m->n) && is_summary(&m->s, m->n) && m->nturn <= MEASURE_MAX_TURNS &&
           are_times(m->turn_ns, m->nturn);
}

bool job_answered(struct job *j)
{
    struct answer *a = j->answer;
    end_text(a->err, sizeof(a->err));
    if (!is_bool(&a->kernel_fault) || !is_time(a->compile_ns) || !is_time(a->setup_ns) || !is_time(a->run_ns) ||
        !is_time(a->counts.compile_ns))
        return false;
    if (j->kind == JOB_PROBE) return are_devices(j->caps, a->ndevice);
    return j->kind != JOB_BENCH || a->rc || is_measurement(j->timing);
}

void job_disown(struct job *j)
{
    if (job_answered(j)) return;
    *j->answer = (struct answer){ .phase = j->answer->phase, .rc = MXB_EDEVICE };
}

const char *job_phase_text(const struct job *j)
{
    static const char *const text[PHASE_COUNT] = {
        [PHASE_START] = "", [PHASE_LIST] = " while listing devices", [PHASE_OPEN] = " while opening the device",
        [PHASE_COMPILE] = " while compiling", [PHASE_LOAD] = " while copying to the device",
        [PHASE_RUN] = " while running", [PHASE_FETCH] = " while copying back",
    };
    const unsigned p = (unsigned)j->answer->phase;
    return p < PHASE_COUNT ? text[p] : "";
}

/* ---- worker side ---- */

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int do_probe(const struct job_host *h, struct job *j)
{
    struct answer *a = j->answer;
    a->phase = PHASE_LIST;
    const int n = h->backend->count(a->err, sizeof(a->err));
    a->ndevice = 0;
    for (int i = 0; i < n && i < WORKER_MAX_DEVICES; i++) {
        struct mxb_caps *c = &j->caps[i];
        char err[MXB_ERRLEN];
        if (h->backend->info(i, c, err, sizeof(err)) != 0) {    /* listed, but nothing can run on it */
            *c = (struct mxb_caps){ 0 };
            snprintf(c->name, sizeof(c->name), "unusable: %.100s", err);
        }
        a->ndevice++;
    }
    return 0;
}

static int do_open(struct job_host *h, struct job *j)
{
    struct answer *a = j->answer;
    a->phase = PHASE_OPEN;
    exec_close(h->exec);
    h->exec = NULL;
    const int rc = exec_open(h->backend, j->device, &h->open, h->overlay, &h->exec, a->err, sizeof(a->err));
    if (rc == 0 && h->opened) h->opened();
    return rc;
}

/* ---- what a kernel on the cpu may leave behind ---- */

/* Only differences between two calls mean anything. */
static unsigned long count_threads(void)
{
    struct stat st;
    return stat("/proc/self/task", &st) == 0 ? (unsigned long)st.st_nlink : 0;
}

static bool has_children(void) { return waitpid(-1, NULL, WNOHANG) == 0; }

static bool stop_timers(void)
{
    static const int kind[] = { ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF };
    const struct itimerval none = { 0 };
    bool any = false;
    for (size_t i = 0; i < MXB_COUNT(kind); i++) {
        struct itimerval was = { 0 };
        setitimer((__itimer_which_t)kind[i], &none, &was);
        any |= was.it_value.tv_sec || was.it_value.tv_usec;
    }
    return any;
}

/* A kernel that runs in this process must not outlive its call: what it left would disturb the cases after it.  A
 * thread that has just ended is counted for a moment longer. */
static int check_leftovers(const struct job_host *h, unsigned long threads, struct answer *a)
{
    const struct timespec pause = { 0, 5 * 1000000 };
    bool child = false;
    unsigned long more = 0;
    if (strcmp(h->backend->lang, "c") != 0) return 0;            /* a driver's own threads come and go */
    const bool timer = stop_timers();
    for (int i = 0; i < 10; i++) {
        const unsigned long now = count_threads();
        child = has_children();
        more = now > threads ? now - threads : 0;
        if (!child && !more) break;
        nanosleep(&pause, NULL);
    }
    if (!child && !more && !timer) return 0;
    if (!child && !more) snprintf(a->err, sizeof(a->err), "left a timer running");
    else if (child) snprintf(a->err, sizeof(a->err), "left a process running");
    else snprintf(a->err, sizeof(a->err), "left %lu thread%s running", more, more == 1 ? "" : "s");
    a->kernel_fault = true;
    return MXB_EINVAL;
}

/* ---- check and bench ---- */

static int load(const struct job_host *h, const struct job *j)
{
    struct answer *a = j->answer;
    a->phase = PHASE_LOAD;
    return exec_load(h->exec, j->plan, j->stored, 1, a->err, sizeof(a->err));
}

/* Runs the loaded plan once, *ns later on the host's clock.  The outputs of a chain are fetched step by step: a later one
 * may change them in place. */
static int run_steps(const struct job_host *h, const struct job *j, void *const *out, double *ns)
{
    struct answer *a = j->answer;
    const uint32_t n = plan_length(j->plan);
    int rc = 0;
    *ns = 0;
    for (uint32_t k = 0; k < n && rc == 0; k++) {
        struct mxb_time t = { 0 };
        const double t0 = now_ns();
        a->phase = PHASE_RUN;
        rc = exec_run_step(h->exec, k, &t, a->err, sizeof(a->err));
        *ns += now_ns() - t0;
        if (rc) return rc;
        a->phase = PHASE_FETCH;
        rc = exec_fetch_step(h->exec, k, j->stored, out, j->inputs_too, a->err, sizeof(a->err));
        a->kernel_fault = rc == MXB_EINVAL;
    }
    return rc;
}

static int fetch(const struct job_host *h, const struct job *j, void *const *out)
{
    struct answer *a = j->answer;
    a->phase = PHASE_FETCH;
    const int rc = exec_fetch(h->exec, j->stored, out, j->inputs_too, a->err, sizeof(a->err));
    a->kernel_fault = rc == MXB_EINVAL;
    return rc;
}

static int compile_and_load(const struct job_host *h, const struct job *j)
{
    struct answer *a = j->answer;
    a->phase = PHASE_COMPILE;
    int rc = exec_compile(h->exec, j->plan, &a->compile_ns, a->err, sizeof(a->err));
    const double t0 = now_ns();
    if (rc == 0) rc = load(h, j);
    a->setup_ns = now_ns() - t0;
    return rc;
}

static int do_check(const struct job_host *h, struct job *j)
{
    struct answer *a = j->answer;
    int rc = compile_and_load(h, j);
    const unsigned long threads = count_threads();
    if (rc == 0) rc = run_steps(h, j, j->out, &a->run_ns);
    return rc ? rc : check_leftovers(h, threads, a);
}

enum { CONTROL_STEP = 20 };          /* repetitions: 5 % of them is one more */

struct sample_ctx { const struct job_host *h; uint32_t sets; double plant; struct answer *a; };

/* `batch` is rounded up to whole rounds over the buffer sets; the time is scaled back to `batch` repetitions, planted ones
 * not counted. */
static int take_sample(void *ctx, uint32_t batch, struct mxb_time *t)
{
    const struct sample_ctx *s = ctx;
    const uint32_t reps = (batch + s->sets - 1) / s->sets;
    const uint32_t planted = (uint32_t)lround(reps * s->plant);
    const double scale = (double)batch / ((double)reps * s->sets);
    const int rc = exec_run(s->h->exec, reps + planted, t, s->a->err, sizeof(s->a->err));
    if (t->dev_ns >= 0) t->dev_ns *= scale;
    t->host_ns *= scale;
    return rc;
}

static void end_turn(void *ctx)
{
    const struct sample_ctx *s = ctx;
    turn_pass(s->h->turn_fd);
}

/* Repetitions of a kernel that works in place apply it to its own output. */
static bool in_place(const struct plan *plan)
{
    for (const struct plan *p = plan; p; p = p->next)
        for (uint32_t t = 0; t < p->pr.op->ntensor; t++)
            if (problem_reads(&p->pr, t) && problem_writes(&p->pr, t)) return true;
    return false;
}

/* The outputs of the last sample.  What is timed in place leaves none to check: its input goes in once more. */
static int fetch_timed(const struct job_host *h, struct job *j)
{
    if (!in_place(j->plan)) return fetch(h, j, j->out);
    double ignored;
    const int rc = load(h, j);
    return rc ? rc : run_steps(h, j, j->out, &ignored);
}

/* One more sample as the timed ones were, but on fresh poisoned buffers: a kernel that writes only when it is first
 * called would otherwise leave a right answer behind and be timed doing nothing. */
static int sample_again(const struct job_host *h, struct job *j, struct sample_ctx *ctx)
{
    struct mxb_time t = { 0 };
    double ignored;
    int rc = load(h, j);
    ctx->sets = 1;
    ctx->a->phase = PHASE_RUN;
    if (rc) return rc;
    if (in_place(j->plan)) return run_steps(h, j, j->again, &ignored);
    rc = take_sample(ctx, j->timing->batch, &t);
    return rc ? rc : fetch(h, j, j->again);
}

/* What goes wrong here is no fault of the case. */
static double run_canary(const struct job_host *h, const struct job *j)
{
    char ignored[MXB_ERRLEN];
    double ns = 0;
    if (j->canary.plan) canary_time(h->exec, &j->canary, &ns, ignored, sizeof(ignored));
    return ns;
}

static int do_bench(const struct job_host *h, struct job *j)
{
    struct answer *a = j->answer;
    struct sample_ctx ctx = { .h = h, .sets = 1, .a = a };
    const double canary = run_canary(h, j);
    struct measure_opts opts = j->measure;
    opts.tick_ns = exec_caps(h->exec)->tick_ns;
    opts.between = end_turn;
    if (!h->turn_fd) opts.turns = 0;
    int rc = compile_and_load(h, j);
    const unsigned long threads = count_threads();
    a->phase = rc ? a->phase : PHASE_RUN;
    if (rc == 0 && j->cache == CACHE_COLD)
        rc = cold_prepare(h->exec, j->plan, j->stored, take_sample, &ctx, &ctx.sets, a->err, sizeof(a->err));
    if (j->control) opts.batch_step = CONTROL_STEP * ctx.sets;
    ctx.plant = j->plant;
    if (rc == 0) rc = measure(&opts, take_sample, &ctx, j->timing);
    a->run_ns = j->timing->first_ns;
    if (rc == 0) rc = fetch_timed(h, j);
    if (rc == 0) rc = sample_again(h, j, &ctx);
    if (rc == 0) {
        j->timing->canary_ns[0] = canary;
        j->timing->canary_ns[1] = run_canary(h, j);
    }
    return rc ? rc : check_leftovers(h, threads, a);
}

void job_do(struct job_host *h, struct job *j)
{
    struct answer *a = j->answer;
    a->err[0] = 0;
    a->phase = PHASE_START;
    a->kernel_fault = false;
    switch (j->kind) {
    case JOB_PROBE:  a->rc = do_probe(h, j); break;
    case JOB_OPEN:   a->rc = do_open(h, j); break;
    case JOB_CHECK:  a->rc = do_check(h, j); break;
    case JOB_BENCH:  a->rc = do_bench(h, j); break;
    case JOB_COUNTS: a->counts = exec_counts(h->exec); a->rc = 0; break;
    }
}
