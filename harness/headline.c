/* From the rounds of a pair's cases to its ratios (headline.h). */
#include "harness/headline.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness/group.h"
#include "harness/stats_ratio.h"

enum { MAX_CLASSES = 8 };

struct text { char s[1024]; size_t n; };

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const int len = vsnprintf(t->s + t->n, sizeof(t->s) - t->n, fmt, ap);
    va_end(ap);
    if (len > 0) t->n = t->n + (size_t)len < sizeof(t->s) ? t->n + (size_t)len : sizeof(t->s) - 1;
}

struct part { const struct group *g; const struct slot *s; };    /* s NULL: not run */
struct arm { struct part part[PAIR_MAX_PARTS]; uint32_t n; struct text text, cases, notes; };

/* ---- finding the cases ---- */

static bool is_on(const struct slot *s, const struct slot *where)
{
    return s->item->backend == where->item->backend && s->dev == where->dev;
}

/* The case of the block for this combination, on the device of `where`. */
static struct part find(const struct group *g, uint32_t n, const struct suite_block *b, const struct slot *where,
                        uint32_t variant)
{
    const uint32_t own = b->ncase[where->item->backend] == 1 ? 0 : variant;
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; g[i].bp->block == b && k < g[i].nslot; k++) {
            const struct slot *s = &g[i].slot[k];
            if (is_on(s, where) && s->item->variant == own) return (struct part){ &g[i], s };
        }
    return (struct part){ NULL, NULL };
}

/* ---- what is said of an arm ---- */

/* Does the parameter differ among the problems of this op in the pair? */
static bool varies(const struct group *g, uint32_t n, const struct mxb_op *op, uint32_t p)
{
    const void *first = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const struct bench_problem *bp = g[i].bp;
        if (bp->block->op != op) continue;
        const void *value = (const char *)bp->params + op->param[p].off;
        if (first && memcmp(first, value, 4) != 0) return true;
        first = value;
    }
    return false;
}

static void put_case(struct text *t, const struct group *g, uint32_t n, const struct part *p)
{
    const struct bench_problem *bp = p->g->bp;
    const struct mxb_op *op = bp->block->op;
    const struct bench_case *c = p->s->item;
    char params[2048], impl[256];
    put(t, "%s%s", t->n ? " + " : "", bp->entry->name);
    plan_impl_text(p->s->plan, impl, sizeof(impl));
    if (*impl) put(t, " %s", impl);
    params_text(op, bp->params, params, sizeof(params));
    const char *s = params;
    for (uint32_t i = 0; i < op->nparam && *s; i++) {
        const size_t len = strcspn(s, " ");
        if (varies(g, n, op, i)) put(t, " %.*s", (int)len, s);
        s += len + strspn(s + len, " ");
    }
    for (uint32_t i = 0; i < c->ntile; i++)
        put(t, " %s=%d", p->g->list->tile[c->tile + i].name, (int)p->g->list->tile[c->tile + i].value);
    if (c->cache == CACHE_COLD) put(t, " cold");
}

/* Shares of the classes in an input that is a map of classes; of a chain in those of its first step. */
static int put_classes(struct text *t, const struct part *p)
{
    const struct mxb_problem *pr = &p->s->plan->pr;
    for (uint32_t i = 0; i < pr->op->ntensor; i++) {
        const struct mxb_tensor *x = &pr->op->tensor[i];
        uint64_t count[MAX_CLASSES] = { 0 };
        void *const *stored = group_inputs(p->g);
        if (!x->classes || !problem_reads(pr, i) || !stored || pr->nelem[i] == 0) continue;
        uint8_t *own = NULL;
        const uint8_t *map = stored[i];
        if (x->per_tile) {
            if (!(map = own = malloc(problem_bytes(pr, i)))) return MXB_ENOMEM;
            problem_fill(pr, i, stored, &p->s->plan->scope, own);
        }
        for (uint64_t k = 0; k < pr->nelem[i]; k++) count[map[k] < MAX_CLASSES ? map[k] : MAX_CLASSES - 1]++;
        free(own);
        const char *word = x->classes, *separator = ":";
        put(t, "%s%s", t->n ? "; " : "", x->name);
        for (uint32_t k = 0; k < MAX_CLASSES && *word; k++) {
            const size_t len = strcspn(word, " ");
            put(t, "%s %.1f %% %.*s", separator, 100 * (double)count[k] / (double)pr->nelem[i], (int)len, word);
            separator = ",";
            word += len + strspn(word + len, " ");
        }
    }
    return 0;
}

static int put_notes(struct text *t, const struct part *p)
{
    if (p->s->status != ST_PASS) return 0;
    const int rc = p->s->plan ? put_classes(t, p) : 0;
    if (*p->s->reason) put(t, "%s%s", t->n ? "; " : "", p->s->reason);       /* what the check found worth saying */
    return rc;
}

/* The arm's figures, summed over its parts; errors are those of the worst. */
static void sum_up(const struct arm *a, struct headline_arm *h)
{
    *h = (struct headline_arm){ .text = a->text.s, .cases = a->cases.s, .notes = a->notes.s, .kernels = a->n,
                                .err_rms = NAN, .err_max = NAN, .nrmse = NAN };
    for (uint32_t i = 0; i < a->n; i++) {
        const struct slot *s = a->part[i].s;
        if (!s) continue;
        const bool timed = s->status == ST_PASS && s->nround > 0;
        h->ns += timed ? s->figure.median : NAN;
        h->ci_lo_ns += timed ? s->figure.ci_lo : NAN;
        h->ci_hi_ns += timed ? s->figure.ci_hi : NAN;
        h->bytes += a->part[i].g->bytes;
        h->nrmse = fmax(h->nrmse, s->nrmse);
        if (!s->compared) continue;
        h->err_rms = fmax(h->err_rms, s->err_rms);
        h->err_max = fmax(h->err_max, s->err_max);
    }
}

/* ---- the ratio ---- */

static uint32_t common_rounds(const struct arm arm[2])
{
    uint32_t n = MAX_ROUNDS;
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < arm[k].n; i++)
            if (arm[k].part[i].s->nround < n) n = arm[k].part[i].s->nround;
    return n;
}

/* Round r of an arm: the sum of its parts'. */
static struct round_figure round_of(const struct arm *a, uint32_t r)
{
    struct round_figure f = { 0, 0, 0 };
    for (uint32_t i = 0; i < a->n; i++) {
        const struct summary *s = &a->part[i].s->round[r]->s;
        f.median += s->median;
        f.ci_lo += s->ci_lo;
        f.ci_hi += s->ci_hi;
    }
    return f;
}

static void find_ratio(const struct arm arm[2], struct headline *h)
{
    struct round_figure f[2][MAX_ROUNDS];
    h->rounds = common_rounds(arm);
    for (int k = 0; k < 2; k++)
        for (uint32_t r = 0; r < h->rounds; r++) f[k][r] = round_of(&arm[k], r);
    const struct ratio x = ratio_of_pairs(f[0], f[1], h->rounds);
    h->ratio = x.value;
    if (h->rounds < 2) return;
    h->lo = x.lo;
    h->hi = x.hi;
}

/* Why an arm has no time; true if it has one. */
static bool has_times(const struct arm *a, char name, struct text *why)
{
    for (uint32_t i = 0; i < a->n; i++) {
        const struct slot *s = a->part[i].s;
        if (s && s->status == ST_PASS && s->nround) continue;
        put(why, "%s%c", why->n ? "; " : "", name);
        if (a->n > 1) put(why, ", case %u", i + 1);
        if (!s) put(why, " was not run: left out by the options, or finished before this start");
        else if (s->status == ST_PASS) put(why, " was not timed");
        else put(why, " is %s: %s", status_name(s->status), s->reason);
        return false;
    }
    return true;
}

/* ---- all of a pair ---- */

/* The combination on the device of `where`. */
static int one_headline(const struct group *g, uint32_t n, const struct slot *where, uint32_t variant,
                        int (*each)(void *, const struct headline *), void *ctx)
{
    const struct suite_block *block = g->bp->block;
    const struct suite_pair *pair = block->pair;
    struct text why = { "", 0 };
    struct arm *arm = calloc(2, sizeof(*arm));
    int rc = 0;
    if (!arm) return MXB_ENOMEM;
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < pair->npart[k] && rc == 0; i++) {
            struct part *p = &arm[k].part[arm[k].n++];
            *p = find(g, n, pair->part[k][i], where, variant);
            if (!p->s) continue;
            put_case(&arm[k].text, g, n, p);
            put(&arm[k].cases, "%s%010llx", i ? " + " : "", (unsigned long long)(case_hash(g->list, p->s->item) >> 24));
            rc = put_notes(&arm[k].notes, p);
        }
    const struct mxb_caps *caps = where->dev ? &where->dev->caps : NULL;
    struct headline h = { .suite = block->suite->name, .name = pair->name, .claim = pair->claim, .variant = variant,
                          .backend = linked_backends[where->item->backend]->name, .device = caps ? caps->name : "",
                          .device_label = where->dev ? where->dev->label : "",
                          .driver = caps ? caps->driver_version : "", .caps = caps,
                          .ratio = NAN, .lo = NAN, .hi = NAN };
    for (int k = 0; k < 2; k++) sum_up(&arm[k], &h.arm[k]);
    const bool a = has_times(&arm[0], 'A', &why), b = has_times(&arm[1], 'B', &why);
    if (a && b) find_ratio(arm, &h);
    h.reason = why.s;
    if (rc == 0) rc = each(ctx, &h);
    free(arm);
    return rc;
}

static bool interrupted(const struct group *g, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < g[i].nslot; k++)
            if (g[i].slot[k].interrupted) return true;
    return false;
}

/* Is it the first case of the pair on its device? */
static bool first_on_device(const struct group *g, const struct slot *s, uint32_t group)
{
    for (uint32_t i = 0; i <= group; i++)
        for (uint32_t k = 0; k < g[i].nslot; k++) {
            if (&g[i].slot[k] == s) return true;
            if (is_on(&g[i].slot[k], s)) return false;
        }
    return true;
}

int headlines_of(const struct group *g, uint32_t n, int (*each)(void *, const struct headline *), void *ctx)
{
    const struct suite_pair *pair = n ? g->bp->block->pair : NULL;
    if (!pair || !g->bp->block->bench.enabled || interrupted(g, n)) return 0;
    for (uint32_t v = 0; v < PAIR_MAX_VARIANTS; v++) {
        bool any = false;
        for (uint32_t i = 0; i < n; i++)
            for (uint32_t k = 0; k < g[i].nslot; k++) {
                const struct slot *s = &g[i].slot[k];
                if (v >= pair->nvariant[s->item->backend]) continue;
                any = true;
                const int rc = first_on_device(g, s, i) ? one_headline(g, n, s, v, each, ctx) : 0;
                if (rc) return rc;
            }
        if (!any) break;
    }
    return 0;
}
