/* `mlxbench history` (history.h). */
#include "harness/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli.h"
#include "harness/sheet.h"

/* ---- series ---- */

static int same_series(const struct point *a, const struct point *b)
{
    int order = strcmp(a->case_text, b->case_text);
    if (!order) order = strcmp(a->case_id, b->case_id);
    if (!order) order = (a->def_version > b->def_version) - (a->def_version < b->def_version);
    if (!order) order = strcmp(a->backend, b->backend);
    if (!order) order = strcmp(a->device, b->device);
    if (!order) order = strcmp(a->machine, b->machine);
    return order;
}

static int by_series_and_time(const void *x, const void *y)
{
    const struct point *const *a = x, *const *b = y;
    const int order = same_series(*a, *b);
    return order ? order : ((*a)->started_ns > (*b)->started_ns) - ((*a)->started_ns < (*b)->started_ns);
}

static int find_steps(struct series *s)
{
    double *ns = calloc(s->n, sizeof *ns);
    if (!ns) return MXB_ENOMEM;
    for (uint32_t i = 0; i < s->n; i++) ns[i] = s->point[i]->median_ns;
    const int rc = changepoints(ns, s->n, &s->step, &s->nstep);
    free(ns);
    return rc;
}

int series_make(const struct point_list *l, struct series **out, uint32_t *n)
{
    const struct point **order = calloc(l->n + 1, sizeof *order);
    struct series *s = calloc(l->n + 1, sizeof *s);
    int rc = order && s ? 0 : MXB_ENOMEM;
    *out = s;
    *n = 0;
    if (rc == 0) s->point = order;                   /* the first series owns the array of all */
    for (uint32_t i = 0; rc == 0 && i < l->n; i++) order[i] = &l->item[i];
    if (rc == 0 && l->n) qsort(order, l->n, sizeof *order, by_series_and_time);
    for (uint32_t i = 0; rc == 0 && i < l->n; i++) {
        if (i == 0 || same_series(order[i - 1], order[i]) != 0) s[(*n)++] = (struct series){ .point = order + i };
        s[*n - 1].n++;
    }
    for (uint32_t i = 0; rc == 0 && i < *n; i++) rc = find_steps(&s[i]);
    if (rc == 0) return 0;
    if (!s || !s->point) free(order);
    series_free(s, *n);
    *out = NULL;
    *n = 0;
    return rc;
}

void series_free(struct series *s, uint32_t n)
{
    if (!s) return;
    free(s->point);
    for (uint32_t i = 0; i < n; i++) free(s[i].step);
    free(s);
}

/* The texts are lists of ", "-separated parts; only what differs is told. */
static size_t tell(const char *name, const char *a, const char *b, char *out, size_t room)
{
    char *sa = strdup(a), *sb = strdup(b), *ra = sa, *rb = sb;
    size_t len = 0;
    out[0] = 0;
    while (ra && rb && len < room) {
        const char *pa = strsep(&ra, ","), *pb = strsep(&rb, ",");
        pa += strspn(pa, " ");
        pb += strspn(pb, " ");
        if (strcmp(pa, pb) != 0)
            len += (size_t)snprintf(out + len, room - len, "%s%s -> %s", len ? ", " : name, *pa ? pa : "-",
                                    *pb ? pb : "-");
    }
    free(sa);
    free(sb);
    return len < room ? len : room - 1;
}

const char *series_change(const struct point *before, const struct point *after, char *out, size_t n)
{
    size_t len = tell("device: ", before->device_text, after->device_text, out, n);
    if (len && len + 3 < n && strcmp(before->env, after->env) != 0) len += (size_t)snprintf(out + len, n - len, "; ");
    if (len + 1 < n) tell("environment: ", before->env, after->env, out + len, n - len);
    return out;
}

/* ---- output ---- */

static const struct sheet_column columns[] = {
    { "series", NULL }, { "id", NULL }, { "case", NULL }, { "backend", NULL }, { "device", NULL }, { "hostname", NULL },
    { "when", "when" }, { "commit", "commit" }, { "branch", NULL }, { "run", "run" },
    { "median_ns", "median" }, { "ci_lo_ns", NULL }, { "ci_hi_ns", NULL }, { NULL, "95 % interval" },
    { "rounds", NULL }, { "gbps", NULL }, { "gflops", NULL }, { "limit_pct", "% of limit" }, { "impl", "impl" }, { "tile", NULL },
    { "step_ratio", "step" }, { "step_p", NULL }, { "change", "change" },
};

static const struct step *step_at(const struct series *s, uint32_t i)
{
    for (size_t k = 0; k < s->nstep; k++)
        if (s->step[k].at == i) return &s->step[k];
    return NULL;
}

static void add_point(struct sheet *t, const struct series *s, uint32_t i, uint32_t number)
{
    const struct point *p = s->point[i];
    const struct step *step = step_at(s, i);
    char text[64], change[512] = "", time[16], other[16];
    snprintf(text, sizeof text, "%.40s", p->machine);
    text[strcspn(text, ",")] = 0;
    sheet_number(t, number, "");
    sheet_text(t, p->case_id);
    sheet_text(t, p->case_text);
    sheet_text(t, p->backend);
    sheet_text(t, p->device);
    sheet_text(t, text);
    sheet_text(t, p->when);
    snprintf(text, sizeof text, "%.12s%s", p->commit, p->dirty ? "+" : "");
    sheet_text(t, text);
    sheet_text(t, p->branch);
    snprintf(text, sizeof text, "%.8s", p->run);
    sheet_text(t, text);
    sheet_number(t, p->median_ns, people_time(p->median_ns, time));
    sheet_number(t, p->ci_lo_ns, "");
    sheet_number(t, p->ci_hi_ns, "");
    snprintf(text, sizeof text, "%s .. %s", people_time(p->ci_lo_ns, time), people_time(p->ci_hi_ns, other));
    sheet_text(t, text);
    sheet_number(t, p->nround, "");
    sheet_number(t, p->gbps, "");
    sheet_number(t, p->gflops > 0 ? p->gflops : NAN, "");
    snprintf(text, sizeof text, "%.1f %s", p->limit_pct, p->limit_by);
    sheet_number(t, p->limit_pct > 0 ? p->limit_pct : NAN, p->limit_pct > 0 ? text : "");
    sheet_text(t, p->impl);
    sheet_text(t, p->tile);
    snprintf(text, sizeof text, "%+.1f %%", step ? 100 * (step->ratio - 1) : 0);
    sheet_number(t, step ? step->ratio : NAN, step ? text : "");
    sheet_number(t, step ? step->p : NAN, "");
    if (i > 0) series_change(s->point[i - 1], p, change, sizeof change);
    sheet_text(t, change);
}

static void print_series(const struct series *s, uint32_t number, enum sheet_format format)
{
    struct sheet t = { .column = columns, .ncolumn = MXB_COUNT(columns) };
    const struct point *p = s->point[0];
    for (uint32_t i = 0; i < s->n; i++) add_point(&t, s, i, number);
    printf(format == SHEET_MARKDOWN ? "%s### %.10s %s, %s\n\n" : "%s%.10s %s\n  on %s\n", number ? "\n" : "",
           p->case_id, p->case_text, p->device);
    sheet_print(&t, format, stdout);
    sheet_free(&t);
}

/* Programs get one table of all series, with one heading. */
static void print_all(const struct series *s, uint32_t n, enum sheet_format format)
{
    struct sheet t = { .column = columns, .ncolumn = MXB_COUNT(columns) };
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < s[i].n; k++) add_point(&t, &s[i], k, i);
    sheet_print(&t, format, stdout);
    sheet_free(&t);
}

int history_run(const struct cli *c)
{
    struct store *st = NULL;
    struct point_list l = { 0 };
    struct series *s = NULL;
    uint32_t n = 0;
    int format;
    char err[MXB_ERRLEN];
    if (c->arg.n != 1)
        return cli_error(EXIT_USAGE, "history: give one case: the beginning of its id, or a part of its text");
    const int code = cli_choice("format", c->format, sheet_formats, SHEET_NFORMAT, &format);
    if (code) return code;
    int rc = store_open(cli_db(c), false, &st, err, sizeof(err));
    if (rc == 0) rc = store_points_of_case(st, c->arg.item[0], &l, err, sizeof(err));
    store_close(st);
    if (rc == 0 && l.n == 0) {
        snprintf(err, sizeof(err), "no timed result of a case '%.200s' (ids and texts: `mlxbench list cases SUITE`)",
                 c->arg.item[0]);
        rc = MXB_EINVAL;
    }
    if (rc == 0 && (rc = series_make(&l, &s, &n)) != 0) snprintf(err, sizeof(err), "out of memory");
    if (rc == 0 && (format == SHEET_JSON || format == SHEET_CSV)) print_all(s, n, (enum sheet_format)format);
    for (uint32_t i = 0; i < n && rc == 0 && (format == SHEET_TABLE || format == SHEET_MARKDOWN); i++)
        print_series(&s[i], i, (enum sheet_format)format);
    series_free(s, n);
    points_free(&l);
    return rc ? cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "history: %s", err) : EXIT_FINE;
}
