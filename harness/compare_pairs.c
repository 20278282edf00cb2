/* Pairs the stored results of two sides and judges each pair (compare.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/compare.h"

const char *const pair_verdicts[PAIR_NVERDICT] = { "newly failing", "still failing", "fixed",        "slower",
                                                   "faster",        "unchanged",     "inconclusive", "not comparable",
                                                   "not timed",     "skipped",       "only in A",    "only in B" };

struct one { /* a case on a device: all its points on one side, which are neighbours in the list */
    char *key;
    const struct point *first, *last;
    bool used;
};
struct side { struct one *item; size_t n; };

/* ---- sides ---- */

/* On one machine devices are told apart by their names; two of the same name come in the same order on both sides. */
static int make_key(const struct point *p, bool across, char **key)
{
    return asprintf(key, "%s/%u/%s/%s", p->case_id, p->def_version, p->backend, across ? "" : p->device) < 0
               ? MXB_ENOMEM
               : 0;
}

static bool same_case(const struct point *a, const struct point *b)
{
    return strcmp(a->case_id, b->case_id) == 0 && a->def_version == b->def_version &&
           strcmp(a->backend, b->backend) == 0 && strcmp(a->device_text, b->device_text) == 0 &&
           strcmp(a->machine, b->machine) == 0;
}

static int by_key(const void *a, const void *b)
{
    const struct one *x = a, *y = b;
    const int order = strcmp(x->key, y->key);
    return order ? order : (x->first > y->first) - (x->first < y->first);
}

static void side_free(struct side *s)
{
    for (size_t i = 0; i < s->n; i++) free(s->item[i].key);
    free(s->item);
}

static int side_make(const struct point_list *l, bool across, struct side *s)
{
    *s = (struct side){ calloc(l->n + 1, sizeof *s->item), 0 };
    if (!s->item) return MXB_ENOMEM;
    for (uint32_t i = 0; i < l->n; i++) {
        const struct point *p = &l->item[i];
        struct one *before = s->n ? &s->item[s->n - 1] : NULL;
        if (before && same_case(before->last, p)) {
            before->last = p;
            continue;
        }
        struct one *o = &s->item[s->n];
        if (make_key(p, across, &o->key)) return MXB_ENOMEM;
        o->first = o->last = p;
        s->n++;
    }
    qsort(s->item, s->n, sizeof *s->item, by_key);
    return 0;
}

/* The rounds of all runs of a side that were done where the last one was, so that a side does not mix drivers. */
static int gather(const struct one *o, struct round_figure **out, size_t *n)
{
    size_t most = 0;
    *n = 0;
    for (const struct point *p = o->first; p <= o->last; p++) most += p->nround;
    if (!(*out = calloc(most + 1, sizeof **out))) return MXB_ENOMEM;
    for (const struct point *p = o->first; p <= o->last; p++) {
        if (!(p->median_ns > 0) || strcmp(p->env, o->last->env) != 0) continue;
        for (uint32_t r = 0; r < p->nround; r++)
            if (p->round[r].median > 0) (*out)[(*n)++] = p->round[r];
    }
    return 0;
}

/* ---- verdicts ---- */

static bool fails(const struct point *p) { return strcmp(p->status, "PASS") != 0 && strcmp(p->status, "SKIP") != 0; }

static const char *difference(const struct point *a, const struct point *b)
{
    return strcmp(a->machine, b->machine)           ? "another machine"
           : strcmp(a->device_text, b->device_text) ? "another device or driver"
           : strcmp(a->env, b->env)                 ? "another environment"
                                                    : "";
}

static void judge(struct pair *p, bool across)
{
    static const enum pair_verdict of[] = { [RATIO_FASTER] = PAIR_FASTER,
                                            [RATIO_SLOWER] = PAIR_SLOWER,
                                            [RATIO_UNCHANGED] = PAIR_UNCHANGED,
                                            [RATIO_INCONCLUSIVE] = PAIR_INCONCLUSIVE };
    p->why = "";
    if (!p->a || !p->b) {
        p->verdict = p->a ? PAIR_ONLY_A : PAIR_ONLY_B;
        return;
    }
    if (fails(p->b)) p->verdict = fails(p->a) ? PAIR_STILL_FAILING : PAIR_NEWLY_FAILING;
    else if (fails(p->a)) p->verdict = PAIR_FIXED;
    else if (strcmp(p->a->status, "SKIP") == 0 || strcmp(p->b->status, "SKIP") == 0) p->verdict = PAIR_SKIPPED;
    else if (!p->na || !p->nb) p->verdict = PAIR_NOT_TIMED;
    else if (*(p->why = difference(p->a, p->b)) && !across) p->verdict = PAIR_NOT_COMPARABLE;
    else {
        p->ratio = ratio_of(p->ra, p->na, p->rb, p->nb);
        p->verdict = of[p->ratio.verdict];
    }
}

static bool is_peer(const struct point *p) { return strncmp(p->backend, "peer:", 5) == 0; }

const struct point *pair_case(const struct pair *p)
{
    return !p->a || (p->b && is_peer(p->a)) ? p->b : p->a;
}

/* Failures first, then what has a ratio by the size of the effect, then the rest. */
static int rank(const struct pair *p)
{
    return p->verdict <= PAIR_FIXED          ? (int)p->verdict
           : p->verdict <= PAIR_INCONCLUSIVE ? (int)PAIR_SLOWER
                                             : (int)p->verdict;
}

static int by_effect(const void *x, const void *y)
{
    const struct pair *a = x, *b = y;
    if (rank(a) != rank(b)) return rank(a) - rank(b);
    if (a->ratio.value > 0 && b->ratio.value > 0) {
        const double ea = fabs(log(a->ratio.value)), eb = fabs(log(b->ratio.value));
        if (ea != eb) return ea < eb ? 1 : -1;
    }
    const int order = strcmp(pair_case(a)->case_text, pair_case(b)->case_text);
    return order ? order : strcmp(pair_case(a)->device, pair_case(b)->device);
}

/* ---- pairs ---- */

static int add_pair(struct pair **list, size_t *n, struct one *a, struct one *b, bool across)
{
    struct pair *p = realloc(*list, (*n + 1) * sizeof *p);
    if (!p) return MXB_ENOMEM;
    *list = p;
    p = &p[(*n)++];
    *p = (struct pair){ .a = a ? a->last : NULL, .b = b ? b->last : NULL };
    if (a) a->used = true;
    if (b) b->used = true;
    if ((a && gather(a, &p->ra, &p->na)) || (b && gather(b, &p->rb, &p->nb))) return MXB_ENOMEM;
    judge(p, across);
    return 0;
}

static bool same_problem(const struct point *a, const struct point *b)
{
    return strcmp(a->entry, b->entry) == 0 && strcmp(a->cache, b->cache) == 0 &&
           strcmp(a->params_json, b->params_json) == 0;
}

/* Outside programs have cases of their own; they meet every case of the same problem. */
static int pair_peers(struct side *a, struct side *b, struct pair **list, size_t *n)
{
    int rc = 0;
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n && rc == 0; k++) {
            if (is_peer(a->item[i].last) == is_peer(b->item[k].last)) continue;
            if (same_problem(a->item[i].last, b->item[k].last)) rc = add_pair(list, n, &a->item[i], &b->item[k], true);
        }
    return rc;
}

static bool is_with_peer(const struct pair *p) { return p->a && p->b && is_peer(p->a) != is_peer(p->b); }

/* Several implementations and tiles meet one result of an outside program: the fastest on a device stands for it. */
static void find_counting(struct pair *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct point *own = pair_case(&p[i]);
        p[i].counts = true;
        for (size_t k = 0; k < n && p[i].counts && is_with_peer(&p[i]); k++) {
            const struct point *other = pair_case(&p[k]);
            const bool rival = k != i && is_with_peer(&p[k]) && p[k].ratio.value > 0 && same_problem(own, other) &&
                               strcmp(own->backend, other->backend) == 0 && strcmp(own->device, other->device) == 0;
            if (rival && (other->median_ns < own->median_ns || (other->median_ns == own->median_ns && k < i)))
                p[i].counts = false;
        }
    }
}

int pairs_make(const struct point_list *la, const struct point_list *lb, bool across, struct pair **out, size_t *n)
{
    struct side a = { 0 }, b = { 0 };
    *out = NULL;
    *n = 0;
    int rc = side_make(la, across, &a);
    if (rc == 0) rc = side_make(lb, across, &b);
    for (size_t i = 0, k = 0; i < a.n && k < b.n && rc == 0; ) {
        const int order = strcmp(a.item[i].key, b.item[k].key);
        if (order == 0) rc = add_pair(out, n, &a.item[i++], &b.item[k++], across);
        else if (order < 0) i++;
        else k++;
    }
    if (rc == 0 && across) rc = pair_peers(&a, &b, out, n);
    for (size_t i = 0; i < a.n && rc == 0; i++)
        if (!a.item[i].used) rc = add_pair(out, n, &a.item[i], NULL, across);
    for (size_t k = 0; k < b.n && rc == 0; k++)
        if (!b.item[k].used) rc = add_pair(out, n, NULL, &b.item[k], across);
    side_free(&a);
    side_free(&b);
    if (rc) {
        pairs_free(*out, *n);
        *out = NULL;
        *n = 0;
    } else if (*n) {
        qsort(*out, *n, sizeof **out, by_effect);
        find_counting(*out, *n);
    }
    return rc;
}

void pairs_free(struct pair *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(p[i].ra);
        free(p[i].rb);
    }
    free(p);
}
