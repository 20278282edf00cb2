/* One open device inside a worker (exec.h). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/check.h"
#include "harness/exec.h"

enum { MIN_GUARD = 4096, MAX_SETS = 100, WHOLE_IMAGE = 1 << 20, MAX_TENSORS = PLAN_MAX_STEPS * MXB_MAX_BIND };

/* Device image of a tensor: [guard][data][guard]; buffers only grow and are reused by later cases. */
struct slot { struct mxb_buf *buf; uint64_t cap; };

struct exec {
    struct mxb_dev *dev;
    struct registry *registry;
    struct kernel_store *store;
    uint64_t guard;                  /* bytes on each side, a multiple of bind_align */
    unsigned char *image; uint64_t image_cap;    /* host copy of one tensor's image */
    struct slot slot[MAX_SETS][MAX_TENSORS];         /* by plan_tensor() */
    const struct plan *plan;         /* loaded */
    uint32_t sets, length;           /* length: of the plan */
    struct mxb_pipe *pipe[PLAN_MAX_LAUNCHES];        /* of the plans one after another */
    struct mxb_step step[MAX_SETS * PLAN_MAX_LAUNCHES]; uint32_t nstep;
};

int exec_open(const struct mxb_backend *be, int index, const struct mxb_open_opts *opts, const struct overlay *over,
              struct exec **out, char *err, size_t errlen)
{
    struct exec *x = calloc(1, sizeof(*x));
    int rc = x ? be->open(index, opts, &x->dev, err, errlen) : MXB_ENOMEM;
    if (!x) snprintf(err, errlen, "out of memory");
    if (rc == 0 && ((rc = registry_new(x->dev, &x->registry)) != 0 ||
                    (rc = kernel_store_new(x->dev, over, &x->store)) != 0))
        snprintf(err, errlen, "out of memory");
    if (rc == 0) rc = kernel_store_register(x->store, x->registry, err, errlen);
    if (rc) {
        exec_close(x);
        return rc;
    }
    const uint64_t align = x->dev->caps.bind_align ? x->dev->caps.bind_align : 1;
    x->guard = (MIN_GUARD + align - 1) / align * align;
    *out = x;
    return 0;
}

void exec_close(struct exec *x)
{
    if (!x) return;
    if (x->dev) {
        for (uint32_t s = 0; s < MAX_SETS; s++)
            for (uint32_t t = 0; t < MAX_TENSORS; t++) x->dev->be->release(x->dev, x->slot[s][t].buf);
        registry_free(x->registry);
        kernel_store_free(x->store);
        x->dev->be->close(x->dev);
    }
    free(x->image);
    free(x);
}

const struct mxb_caps *exec_caps(const struct exec *x) { return &x->dev->caps; }
struct reg_counts exec_counts(const struct exec *x) { return registry_counts(x->registry); }

/* pipe: of the plan's own launches. */
static int compile_plan(struct exec *x, const struct plan *p, struct mxb_pipe **pipe, double *compile_ns, char *err,
                        size_t errlen)
{
    for (uint32_t i = 0; i < p->nstep; i++) {
        const struct kernel_detail detail = { p, i };
        const struct launch *l = &p->step[i];
        char tuning[256], scratch[32] = "";
        double ns = 0;
        if (l->scratch_bytes > 0)    /* a pipeline has the scratch that it was compiled with: the problem's size counts */
            snprintf(scratch, sizeof(scratch), " scratch=%" PRIu64, l->scratch_bytes);
        snprintf(tuning, sizeof(tuning), "%s.%s%s%s%s", p->impl->name, p->impl->kernel[l->kernel].entry,
                 *p->tile_text ? " " : "", p->tile_text, scratch);
        const struct reg_request q = { .name = p->pr.entry->name, .bools = p->bools, .nbool = p->nbool, .ints = p->ints,
                                       .nint = p->nint, .tuning = tuning, .detail = &detail };
        const int rc = registry_request(x->registry, &q, &pipe[i], &ns, err, errlen);
        if (rc) return rc;
        *compile_ns += ns;
    }
    return 0;
}

int exec_compile(struct exec *x, const struct plan *plan, double *compile_ns, char *err, size_t errlen)
{
    struct mxb_pipe **pipe = x->pipe;
    int rc = 0;
    *compile_ns = 0;
    for (const struct plan *p = plan; p && rc == 0; p = p->next) {
        rc = compile_plan(x, p, pipe, compile_ns, err, errlen);
        pipe += p->nstep;
    }
    return rc;
}

static uint64_t image_bytes(const struct exec *x, uint64_t data) { return data + 2 * x->guard; }

uint64_t exec_set_bytes(const struct exec *x)
{
    uint64_t total = 0;
    for (const struct plan *p = x->plan; p; p = p->next)
        for (uint32_t t = 0; t < p->pr.op->ntensor; t++)
            if (!p->from[t]) total += image_bytes(x, problem_bytes(&p->pr, t));
    return total;
}

static int device_fail(const struct exec *x, int rc, char *err, size_t errlen)
{
    snprintf(err, errlen, "%s", x->dev->err);
    return rc;
}

static int reserve(struct exec *x, struct slot *s, uint64_t bytes, char *err, size_t errlen)
{
    if (s->cap >= bytes) return 0;
    uint64_t cap = 4096;
    while (cap < bytes) cap *= 2;
    if (cap > x->dev->caps.max_buffer || cap > (1ull << 30)) cap = (bytes + 4095) / 4096 * 4096;
    x->dev->be->release(x->dev, s->buf);
    *s = (struct slot){ NULL, 0 };
    const int rc = x->dev->be->alloc(x->dev, cap, &s->buf);
    if (rc) return device_fail(x, rc, err, errlen);
    s->cap = cap;
    return 0;
}

static int reserve_image(struct exec *x, uint64_t bytes, char *err, size_t errlen)
{
    if (x->image_cap >= bytes) return 0;
    unsigned char *p = realloc(x->image, bytes);
    if (!p) {
        snprintf(err, errlen, "out of memory: %llu bytes of host memory", (unsigned long long)bytes);
        return MXB_ENOMEM;
    }
    x->image = p;
    x->image_cap = bytes;
    return 0;
}

static uint64_t guard_salt(uint32_t set, uint32_t t, int side) { return (uint64_t)set << 16 | t << 1 | (unsigned)side; }

/* Writes guard, data (or poison where data is NULL), guard.  Small images go over in one piece. */
static int upload_image(struct exec *x, uint32_t set, uint32_t t, const void *data, uint64_t bytes, char *err, size_t errlen)
{
    struct mxb_buf *buf = x->slot[set][t].buf;
    const struct mxb_backend *be = x->dev->be;
    const bool whole = bytes <= WHOLE_IMAGE || !data;
    int rc = reserve_image(x, whole ? image_bytes(x, bytes) : 2 * x->guard, err, errlen);
    if (rc) return rc;
    unsigned char *mid = x->image + x->guard, *after = whole ? mid + bytes : mid;
    guard_fill(x->image, x->guard, guard_salt(set, t, 0));
    guard_fill(after, x->guard, guard_salt(set, t, 1));
    if (whole && data) memcpy(mid, data, bytes);
    if (whole && !data) memset(mid, 0xFF, bytes);
    if (whole) {
        rc = be->upload(x->dev, buf, 0, x->image, image_bytes(x, bytes));
    } else {
        rc = be->upload(x->dev, buf, 0, x->image, x->guard);
        if (rc == 0) rc = be->upload(x->dev, buf, x->guard, data, bytes);
        if (rc == 0) rc = be->upload(x->dev, buf, x->guard + bytes, after, x->guard);
    }
    return rc ? device_fail(x, rc, err, errlen) : 0;
}

static void build_launch(struct exec *x, uint32_t set, const struct plan *p, uint32_t k, const struct launch *l,
                         struct mxb_pipe *pipe)
{
    struct mxb_step *st = &x->step[x->nstep++];
    *st = (struct mxb_step){ .kind = MXB_DISPATCH, .pipe = pipe, .nbind = l->nbind, .push = p->pr.params };
    memcpy(st->groups, l->groups, sizeof(st->groups));
    for (uint32_t b = 0; b < l->nbind; b++) {
        const uint64_t len = problem_bytes(&p->pr, l->bind[b]);
        struct mxb_buf *buf = x->slot[set][plan_root(x->plan, k, l->bind[b])].buf;
        st->bind[b] = (struct mxb_bind){ buf, x->guard, len ? len : 4 };     /* absent: a dummy */
    }
}

static void build_steps(struct exec *x)
{
    x->nstep = 0;
    for (uint32_t s = 0; s < x->sets; s++) {
        struct mxb_pipe **pipe = x->pipe;
        uint32_t k = 0;
        for (const struct plan *p = x->plan; p; p = p->next, k++)
            for (uint32_t i = 0; i < p->nstep; i++) build_launch(x, s, p, k, &p->step[i], *pipe++);
    }
}

static int load_tensor(struct exec *x, uint32_t set, const struct plan *p, uint32_t k, uint32_t t, void *const *stored,
                       char *err, size_t errlen)
{
    const uint32_t number = plan_tensor(k, t);
    const uint64_t bytes = problem_bytes(&p->pr, t);
    if (p->from[t]) return 0;        /* a link: the buffer of an earlier step */
    const int rc = reserve(x, &x->slot[set][number], image_bytes(x, bytes ? bytes : 4), err, errlen);
    return rc ? rc : upload_image(x, set, number, problem_reads(&p->pr, t) ? stored[number] : NULL, bytes, err, errlen);
}

/* What only a longer chain before this plan has needed. */
static void release_rest(struct exec *x, uint32_t length)
{
    for (uint32_t s = 0; s < MAX_SETS; s++)
        for (uint32_t t = plan_tensor(length, 0); t < plan_tensor(x->length, 0); t++) {
            x->dev->be->release(x->dev, x->slot[s][t].buf);
            x->slot[s][t] = (struct slot){ NULL, 0 };
        }
    x->length = length;
}

int exec_load(struct exec *x, const struct plan *plan, void *const *stored, uint32_t sets, char *err, size_t errlen)
{
    release_rest(x, plan_length(plan));
    x->plan = plan;
    x->sets = sets < MAX_SETS ? sets : MAX_SETS;
    for (uint32_t s = 0; s < x->sets; s++) {
        uint32_t k = 0;
        for (const struct plan *p = plan; p; p = p->next, k++)
            for (uint32_t t = 0; t < p->pr.op->ntensor; t++) {
                const int rc = load_tensor(x, s, p, k, t, stored, err, errlen);
                if (rc) return rc;
            }
    }
    build_steps(x);
    return 0;
}

int exec_run(struct exec *x, uint32_t reps, struct mxb_time *time, char *err, size_t errlen)
{
    const int rc = x->dev->be->run(x->dev, x->step, x->nstep, reps, time);
    return rc ? device_fail(x, rc, err, errlen) : 0;
}

int exec_run_step(struct exec *x, uint32_t k, struct mxb_time *time, char *err, size_t errlen)
{
    uint32_t first = 0;
    for (uint32_t i = 0; i < k; i++) first += plan_at(x->plan, i)->nstep;
    const int rc = x->dev->be->run(x->dev, x->step + first, plan_at(x->plan, k)->nstep, 1, time);
    return rc ? device_fail(x, rc, err, errlen) : 0;
}

/* name: of the tensor in a message; number: of the buffer. */
static int check_guard(const struct exec *x, const unsigned char *zone, const char *name, uint32_t number, int side,
                       char *err, size_t errlen)
{
    size_t bad;
    if (guard_intact(zone, x->guard, guard_salt(0, number, side), &bad)) return 0;
    snprintf(err, errlen, "wrote outside of %s: byte %zu %s it", name, side ? bad : (size_t)x->guard - bad,
             side ? "past the end of" : "before");
    return MXB_EINVAL;
}

/* begun: what the tensor held before, NULL = nothing to compare with. */
static int fetch_tensor(struct exec *x, const struct plan *p, uint32_t t, uint32_t number, const void *begun, void *out,
                        char *err, size_t errlen)
{
    const uint64_t bytes = problem_bytes(&p->pr, t);
    const char *name = p->pr.op->tensor[t].name;
    int rc = reserve_image(x, image_bytes(x, bytes), err, errlen);
    if (rc) return rc;
    rc = x->dev->be->download(x->dev, x->slot[0][number].buf, 0, x->image, image_bytes(x, bytes));
    if (rc) return device_fail(x, rc, err, errlen);
    const unsigned char *data = x->image + x->guard;
    if (out) memcpy(out, data, bytes);
    rc = check_guard(x, x->image, name, number, 0, err, errlen);
    if (rc == 0) rc = check_guard(x, data + bytes, name, number, 1, err, errlen);
    if (rc == 0 && !out && begun && memcmp(data, begun, bytes) != 0) {
        uint64_t i = 0;
        while (data[i] == ((const unsigned char *)begun)[i]) i++;
        snprintf(err, errlen, "changed its input %s at byte %llu", name, (unsigned long long)i);
        rc = MXB_EINVAL;
    }
    return rc;
}

int exec_fetch_step(struct exec *x, uint32_t k, void *const *stored, void *const *out, bool inputs_too, char *err,
                    size_t errlen)
{
    const struct plan *p = plan_at(x->plan, k);
    int first = 0;
    for (uint32_t t = 0; t < p->pr.op->ntensor; t++) {
        char text[MXB_ERRLEN];
        const bool reads = problem_reads(&p->pr, t), writes = problem_writes(&p->pr, t);
        if (!writes && !inputs_too) continue;
        const void *begun = reads && !writes ? plan_content(x->plan, k, t, stored, out) : NULL;
        const int rc = fetch_tensor(x, p, t, plan_root(x->plan, k, t), begun, writes ? out[plan_tensor(k, t)] : NULL,
                                    text, sizeof(text));
        if (rc == 0) continue;
        if (!first) snprintf(err, errlen, "%s%s%s", p->name, *p->name ? ": " : "", text);
        if (rc != MXB_EINVAL) return rc;
        first = rc;                  /* keep fetching: the outputs are wanted for the report */
    }
    return first;
}

int exec_fetch(struct exec *x, void *const *stored, void *const *out, bool inputs_too, char *err, size_t errlen)
{
    const uint32_t n = plan_length(x->plan);
    int rc = 0;
    for (uint32_t k = 0; k < n && rc == 0; k++) rc = exec_fetch_step(x, k, stored, out, inputs_too, err, errlen);
    return rc;
}
