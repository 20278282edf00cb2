/* The devices of a run (devices.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/devices.h"
#include "harness/interrupt.h"

/* The probing worker becomes the first device's first worker: drivers are slow to load. */
static int probe_one(struct device_list *l, int backend, char *err, size_t errlen)
{
    struct worker_opts o = l->base;
    struct worker *w = NULL;
    char *why = l->missing[backend];
    o.backend = linked_backends[backend];
    o.arena = l->arena;
    struct job *j = job_simple(l->arena, JOB_PROBE);
    int rc = j ? worker_start(&o, &w, err, errlen) : MXB_ENOMEM;
    if (!j) snprintf(err, errlen, "out of memory");
    if (rc) return rc;
    const enum mxb_status st = worker_call(w, j, l->timeout_s, why, MXB_ERRLEN);
    if (st != ST_PASS) {
        char text[MXB_ERRLEN];
        snprintf(text, sizeof(text), "its driver %s: %.200s", st == ST_TIMEOUT ? "hung" : "crashed", why);
        snprintf(why, MXB_ERRLEN, "%s", text);
        worker_stop(w);
        return 0;
    }
    const struct answer *a = j->answer;
    if (a->ndevice == 0) snprintf(why, MXB_ERRLEN, "%.500s", *a->err ? a->err : "no device");
    for (uint32_t i = 0; i < a->ndevice && l->n < MAX_DEVICES; i++) {
        struct device *d = &l->device[l->n++];
        *d = (struct device){ .be = o.backend, .backend = backend, .index = (int)i, .caps = j->caps[i] };
        snprintf(d->label, sizeof(d->label), "%.20s:%u", o.backend->name, i);
        if (i == 0) {
            d->worker[0] = w;
            w = NULL;                /* opened on first use */
        }
    }
    worker_stop(w);
    return 0;
}

int devices_probe(struct device_list *l, uint32_t mask, char *err, size_t errlen)
{
    const uint64_t mark = arena_mark(l->arena);
    int rc = 0;
    if (!l->base.in_process && !l->guardian.pid) guardian_start(&l->guardian);
    l->base.guardian = &l->guardian;
    for (uint32_t b = 0; b < linked_backend_count && rc == 0 && !run_interrupted; b++) {
        if (mask & 1u << b) rc = probe_one(l, (int)b, err, errlen);
        arena_release(l->arena, mark);
    }
    return rc;
}

static bool matches(const struct device *d, const char *selector)
{
    char *end;
    const long index = strtol(selector, &end, 10);
    if (*selector && !*end) return d->index == index;
    return strcmp(d->label, selector) == 0 || strcasestr(d->caps.name, selector) != NULL;
}

static void drop(struct device *d)
{
    for (uint32_t r = 0; r < MAX_ROUNDS; r++) worker_stop(d->worker[r]);
}

int devices_select(struct device_list *l, const char *const *selector, uint32_t n, char *err, size_t errlen)
{
    uint32_t kept = 0;
    int len = snprintf(err, errlen, "no device matches --device %s; known:", n ? selector[0] : "");
    for (uint32_t i = 0; i < l->n && (size_t)len < errlen; i++)
        len += snprintf(err + len, errlen - (size_t)len, "%s %s (%s)", i ? "," : "", l->device[i].label, l->device[i].caps.name);
    for (uint32_t i = 0; i < l->n; i++) {
        bool keep = n == 0;
        for (uint32_t k = 0; k < n; k++) keep |= matches(&l->device[i], selector[k]);
        if (keep) l->device[kept++] = l->device[i];
        else drop(&l->device[i]);
    }
    const bool lost = kept == 0 && l->n > 0;
    l->n = kept;
    return lost ? MXB_EINVAL : 0;
}

/* Starts the round's worker and opens the device in it. */
static enum mxb_status ready(struct device_list *l, struct device *d, uint32_t round, char *err, size_t errlen)
{
    struct worker_opts o = l->base;
    const uint64_t mark = arena_mark(l->arena);
    o.backend = d->be;
    o.arena = l->arena;
    if (!d->worker[round] && worker_start(&o, &d->worker[round], err, errlen)) return ST_ERROR;
    struct job *j = job_simple(l->arena, JOB_OPEN);
    if (!j) {
        snprintf(err, errlen, "out of memory");
        return ST_ERROR;
    }
    j->device = d->index;
    enum mxb_status st = worker_call(d->worker[round], j, l->timeout_s, err, errlen);
    if (st == ST_PASS && j->answer->rc) {
        snprintf(err, errlen, "cannot open %s: %.400s", d->label, j->answer->err);
        st = ST_ERROR;
    }
    arena_release(l->arena, mark);
    d->open |= 1u << round;
    d->served[round] = 0;
    return st;
}

static void discard(struct device *d, uint32_t round)
{
    worker_kill(d->worker[round]);
    worker_stop(d->worker[round]);
    d->worker[round] = NULL;
    d->open &= ~(1u << round);
}

/* After these, what the worker says of the next case could be this case's doing. */
static bool spoilt(const struct answer *a)
{
    return a->kernel_fault || a->rc == MXB_EDEVICE || a->rc == MXB_ENOMEM;
}

static enum mxb_status call_once(struct device_list *l, struct device *d, uint32_t round, struct job *j, char *err,
                                 size_t errlen)
{
    enum mxb_status st = ST_PASS;
    if (!(d->open & 1u << round)) st = ready(l, d, round, err, errlen);
    if (st == ST_PASS) st = worker_call(d->worker[round], j, l->timeout_s, err, errlen);
    if (st == ST_PASS) d->served[round]++;
    if (st != ST_PASS || spoilt(j->answer)) discard(d, round);
    return st;
}

enum mxb_status device_call(struct device_list *l, struct device *d, uint32_t round, struct job *j, char *err,
                            size_t errlen)
{
    const uint32_t before = d->open & 1u << round ? d->served[round] : 0;
    char again[MXB_ERRLEN];
    const enum mxb_status st = call_once(l, d, round, j, err, errlen);
    if (st != ST_CRASHED || before == 0 || run_interrupted) return st;
    /* It may have been an earlier kernel that broke the process.  A fresh one tells, but cannot acquit this case. */
    if (call_once(l, d, round, j, again, sizeof(again)) == ST_CRASHED) return st;
    const size_t n = strlen(err);
    snprintf(err + n, errlen - n, "; not so in a fresh worker: one of the %u jobs before it may have done the damage",
             before);
    return st;
}

void devices_stop(struct device_list *l)
{
    for (uint32_t i = 0; i < l->n; i++) drop(&l->device[i]);
    l->n = 0;
    guardian_end(&l->guardian);
}

void devices_kill(struct device_list *l)
{
    for (uint32_t i = 0; i < l->n; i++)
        for (uint32_t r = 0; r < MAX_ROUNDS; r++) worker_kill(l->device[i].worker[r]);
}
