/* History of one case: the median of every run with its interval, in order of time, per device, change points marked.
 * A new driver goes on in the same series, as in `mlxbench history`. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/changepoint.h"
#include "harness/escape.h"
#include "harness/plot.h"

struct path {                        /* one device's points, oldest first */
    const struct stored_result **point;
    double *ns;
    uint32_t n;
};

static bool of_case(const struct stored_result *r, const struct stored_result *focus)
{
    return is_timed(r) && strcmp(r->case_text, focus->case_text) == 0;
}

/* The first device that is the same but for its driver: the number of the series. */
static uint32_t series_of(const struct result_set *s, uint32_t device)
{
    const struct stored_device *d = &s->device[device];
    for (uint32_t i = 0; i < device; i++) {
        const struct stored_device *o = &s->device[i];
        if (strcmp(o->backend, d->backend) == 0 && strcmp(o->name, d->name) == 0 &&
            strcmp(o->hostname, d->hostname) == 0)
            return i;
    }
    return device;
}

static void put_path(struct plot *p, const struct result_set *s, const struct path *a, uint32_t series,
                     const uint32_t *place, const struct step *step, size_t nstep)
{
    for (uint32_t i = 0; i < a->n; i++) {
        const struct stored_result *r = a->point[i];
        const struct stored_run *u = &s->run[r->run];
        const struct step *here = NULL;
        for (size_t k = 0; k < nstep; k++)
            if (step[k].at == i) here = &step[k];
        fprintf(p->data, "%u,%s,%s,", place[r->run], u->uuid, u->started);
        put_escaped(p->data, ESC_CSV, *u->commit ? u->commit : "unknown");
        fprintf(p->data, ",%u,", series + 1);
        put_escaped(p->data, ESC_CSV, s->device[series].label);
        fprintf(p->data, ",%.9g,%.9g,%.9g,%d,", r->line.median_ns, r->line.ci_lo_ns, r->line.ci_hi_ns, here != NULL);
        if (here) fprintf(p->data, "%.4g", here->ratio);
        fputc('\n', p->data);
        p->points++;
    }
    if (a->n) p->used |= 1ull << series % 64;
}

/* Number of the run among those that have a point; *n is how many do. */
static void number_runs(const struct result_set *s, const struct stored_result *focus, uint32_t *place, uint32_t *n)
{
    for (uint32_t u = 0, r = 0; u < s->nrun; u++) {
        bool shown = false;
        for (; r < s->nresult && s->result[r].run == u; r++)
            shown |= of_case(&s->result[r], focus); /* in order of runs */
        place[u] = *n;
        *n += shown;
    }
}

static int put_series(struct plot *p, const struct result_set *s, const struct stored_result *focus,
                      const uint32_t *place, uint32_t *changes)
{
    const size_t room = s->nresult + 1u;             /* calloc(0) may be NULL */
    struct path a = { .point = calloc(room, sizeof(*a.point)), .ns = calloc(room, sizeof(*a.ns)) };
    int rc = a.point && a.ns ? 0 : MXB_ENOMEM;
    for (uint32_t d = 0; d < s->ndevice && rc == 0; d++) {
        struct step *step = NULL;
        size_t nstep = 0;
        a.n = 0;
        if (series_of(s, d) != d) continue;
        for (uint32_t i = 0; i < s->nresult; i++) {
            const struct stored_result *r = &s->result[i];
            if (!of_case(r, focus) || series_of(s, r->device) != d) continue;
            a.ns[a.n] = r->line.median_ns;
            a.point[a.n++] = r;
        }
        if (a.n) rc = changepoints(a.ns, a.n, &step, &nstep);
        if (rc == 0) put_path(p, s, &a, d, place, step, nstep);
        *changes += (uint32_t)nstep;
        free(step);
    }
    free(a.point);
    free(a.ns);
    return rc;
}

static int build(const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    const struct result_set *s = q->set;
    const struct stored_result *focus = q->focus;
    uint32_t *place = calloc(s->nrun + 1, sizeof(*place)), n = 0, changes = 0;
    int rc = place ? 0 : MXB_ENOMEM;
    for (uint32_t i = 0; i < s->nresult && !focus; i++)
        if (is_timed(&s->result[i])) focus = &s->result[i];
    snprintf(p->title, sizeof(p->title), "History of %s", focus ? focus->line.entry : "a case");
    snprintf(p->subtitle, sizeof(p->subtitle), "%s", focus ? focus->case_text : "the case was never timed");
    fputs("run_index,run,started,commit,series_index,series,median_ns,ci_lo_ns,ci_hi_ns,change,step_ratio\n", p->data);
    if (rc == 0 && focus) {
        number_runs(s, focus, place, &n);
        rc = put_series(p, s, focus, place, &changes);
    }
    plot_devices(p, s);
    plot_number(p, "runs", n);
    plot_number(p, "changes", changes);
    p->height = 480;
    free(place);
    if (rc) snprintf(err, errlen, "out of memory");
    return rc;
}

const struct plot_kind plot_history = { "history", "median of a case over all runs, with intervals and change points",
                                        build };
