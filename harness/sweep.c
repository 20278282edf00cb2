/* Expansion of a case of a suite: every combination of its axes becomes a problem, and every backend, implementation,
 * tile and cache mode of a problem becomes a case. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "harness/chain.h"
#include "harness/ops.h"
#include "harness/problem.h"
#include "harness/quote.h"
#include "harness/sweep.h"

#define MAX_COMBINATIONS UINT64_C(20000000)          /* evaluations of a `where:` when it has to be counted first */

/* --- one combination --- */

/* An error of the current combination: "why (entry a=1 b=2)" with the parameters of the mask. */
static int fail_combination(struct sweep *s, const struct node *at, const char *why, uint32_t params)
{
    char text[MXB_ERRLEN];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", s->entry->name);
    for (uint32_t p = 0; p < s->op->nparam && n < sizeof text; p++) {
        char v[64];
        if (!(params >> p & 1)) continue;
        param_text(&s->op->param[p], s->bits[p], v, sizeof v);
        n += (size_t)snprintf(text + n, sizeof text - n, " %s=%s", s->op->param[p].name, v);
    }
    return fail_at(s->r, at, "%s (%s)", why, text);
}

/* The same for an expression, with the parameters that it uses. */
static int fail_expression(struct sweep *s, const struct node *at, const struct expr *e, const char *why)
{
    char q[QUOTE_LEN], text[MXB_ERRLEN + QUOTE_LEN];
    uint32_t used = 0;
    for (uint32_t p = 0; p < s->op->nparam; p++) used |= (uint32_t)expr_uses(e, p) << p;
    snprintf(text, sizeof text, "%s in %s", why, quote(q, at->u.text, at->n));
    return fail_combination(s, at, text, used);
}

static void set_param(struct sweep *s, uint32_t p, uint32_t bits)
{
    s->bits[p] = bits;
    s->val[p] = param_val(&s->op->param[p], bits);
    memcpy(s->params + s->op->param[p].off, &bits, sizeof bits);
}

/* The parameters of the current combination. */
static int compute_params(struct sweep *s)
{
    const struct case_spec *c = s->c;
    uint32_t expr[MXB_MAX_PARAM] = { 0 };
    for (uint32_t a = 0; a < c->naxis; a++) {
        for (uint32_t k = 0; k < c->axis[a].ncol; k++) {
            const struct axis_column *col = &c->axis[a].col[k];
            const struct axis_value v = col->v[s->pick[a]];
            expr[col->param] = v.expr;
            if (!v.expr) set_param(s, col->param, v.bits);
        }
    }
    for (uint32_t i = 0; i < c->ncalc; i++) {
        const uint32_t p = c->calc[i];
        char err[MXB_ERRLEN];
        struct val v = val_int(0);
        uint32_t bits = 0;
        if (!expr[p]) continue;
        const struct case_expr *e = &c->expr[expr[p] - 1];
        if (expr_eval(e->e, s->val, &v, err, sizeof err) || param_bits(&s->op->param[p], v, &bits, err, sizeof err))
            return fail_expression(s, e->at, e->e, err);
        set_param(s, p, bits);
    }
    return 0;
}

static int eval_where(struct sweep *s, bool *holds)
{
    char err[MXB_ERRLEN];
    struct val v = val_int(0);
    if (expr_eval(s->c->where, s->val, &v, err, sizeof err))
        return fail_expression(s, s->c->where_at, s->c->where, err);
    *holds = v.is_float ? v.d != 0 : v.i != 0;
    return 0;
}

/* Number of cases of the current combination, 0 where `where:` does not hold. */
static int count_cases(struct sweep *s, uint64_t *n)
{
    const struct case_spec *c = s->c;
    bool holds = true;
    int rc = 0;
    *n = 0;
    if (c->where && !s->where_tiles && ((rc = eval_where(s, &holds)) || !holds)) return rc;
    for (struct tile_set *set = s->sets; s->where_tiles && set; set = set->next) memset(set->keep, 0, set->n);
    for (uint32_t t = 0; s->where_tiles && t < s->ntile; t++) {
        uint32_t index[SUITE_MAX_TILE];
        sweep_tile(c, t, index);
        for (uint32_t a = 0; a < c->ntile; a++) s->val[c->nname - c->ntile + a] = val_int(c->tile[a].v[index[a]]);
        if ((rc = eval_where(s, &holds))) return rc;
        for (struct tile_set *set = s->sets; holds && set; set = set->next) set->keep[set->of[t]] = 1;
    }
    for (uint32_t i = 0; i < s->ntarget; i++) {
        const struct tile_set *set = s->target[i].tiles;
        for (uint32_t k = 0; s->where_tiles && k < set->n; k++) *n += set->keep[k] * s->ncache;
        if (!s->where_tiles) *n += (uint64_t)set->n * s->ncache;
    }
    return 0;
}

/* A problem whose tensors exceed the machine's memory is a mistake in the suite; what a device cannot hold is SKIP. */
static int check_memory(const struct chain_problem *steps, char *err, size_t errlen)
{
    const double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE), need = chain_memory(steps);
    if (need <= memory) return 0;
    snprintf(err, errlen, "the tensors need %.1f GiB, the machine has %.1f GiB", need * 0x1p-30, memory * 0x1p-30);
    return MXB_EINVAL;
}

/* The problem and the twin that `same_bits_as:` asks for are valid, and their outputs can be compared. */
static int check_problem(struct sweep *s, const struct bench_problem *bp)
{
    const struct check_opts *o = &s->c->block->check;
    const enum mxb_fill fill = o->enabled ? (enum mxb_fill)__builtin_ctz(o->fills) : MXB_FILL_NORMAL;
    struct mxb_problem pr, twin;
    struct chain_problem steps;
    struct node at = { .line = s->c->node->line, .col = s->c->node->col };
    char err[MXB_ERRLEN] = "", twin_err[MXB_ERRLEN] = "";
    unsigned char params[MXB_MAX_PUSH];
    int rc = problem_init(&pr, s->op, s->entry, bp->params, bp->seed, fill, err, sizeof err);
    if (chain_problem_init(&steps, &pr, err, sizeof err) && steps.line) at = (struct node){ .line = steps.line, .col = steps.col };
    if (rc == 0) rc = check_memory(&steps, err, sizeof err);
    if (rc == 0 && o->enabled && o->same) {
        rc = suite_same_bits(o->same, bp, params, twin_err, sizeof twin_err);
        if (rc == 0) rc = problem_init(&twin, s->op, s->entry, params, bp->seed, fill, twin_err, sizeof twin_err);
        for (uint32_t t = 0; rc == 0 && t < s->op->ntensor; t++) {
            if (s->op->tensor[t].role != MXB_OUT && s->op->tensor[t].role != MXB_INOUT) continue;
            if (pr.nelem[t] == twin.nelem[t]) continue;
            snprintf(twin_err, sizeof twin_err, "'%s' has another size", s->op->tensor[t].name);
            rc = MXB_EINVAL;
        }
        if (rc) snprintf(err, sizeof err, "same_bits_as: %.*s", MXB_ERRLEN - 32, twin_err);
    }
    if (rc == 0) return 0;
    rc = rc == MXB_ENOMEM ? rc : MXB_EPARSE;
    fail_combination(s, &at, err, s->c->given);
    return rc;
}

static int append_problem(struct sweep *s, uint64_t ncase)
{
    struct case_list *list = s->l->list;
    unsigned char *params = pool_alloc(s->l->pool, s->op->param_bytes);
    if (!params) return fail_memory(s->r);
    memcpy(params, s->params, s->op->param_bytes);
    void *problem = load_grow(s->l, list->problem, &s->l->room_problem, list->nproblem + 1, sizeof *list->problem);
    if (!problem) return MXB_ENOMEM;
    list->problem = problem;
    void *item = load_grow(s->l, list->item, &s->l->room_item, list->nitem + (uint32_t)ncase, sizeof *list->item);
    if (!item) return MXB_ENOMEM;
    list->item = item;
    struct bench_problem *pr = &list->problem[list->nproblem];
    *pr = (struct bench_problem){ s->c->block, s->entry, params, s->c->seed };
    const int rc = check_problem(s, pr);
    if (rc) return rc;
    for (uint32_t i = 0; i < s->ntarget; i++) {
        const struct target *t = &s->target[i];
        for (uint32_t k = 0; k < t->tiles->n; k++) {
            if (s->where_tiles && !t->tiles->keep[k]) continue;
            for (uint32_t cache = CACHE_WARM; cache <= CACHE_COLD; cache++) {
                if (!(s->c->block->bench.cache >> cache & 1)) continue;
                list->item[list->nitem++] = (struct bench_case){
                    .problem = list->nproblem, .backend = t->backend, .cache = (uint8_t)cache, .impl = t->impl,
                    .tile = t->tiles->base + k * t->tiles->ncol, .ntile = t->tiles->ncol };
            }
        }
    }
    list->nproblem++;
    s->r->ncase += ncase;
    return 0;
}

/* --- all combinations --- */

/* Expressions that the case uses must not name a constant that the entry lacks. */
static int enter_entry(struct sweep *s, const struct mxb_entry *entry)
{
    const struct case_spec *c = s->c;
    const uint32_t first = s->op->nparam, end = first + c->nconst;
    bool has[MAX_NAMES] = { false };
    s->entry = entry;
    entry_vals(entry, c->name, first, end, s->val, has);
    for (uint32_t i = 0; i < c->nexpr + (c->where != NULL); i++) {
        const struct expr *e = i < c->nexpr ? c->expr[i].e : c->where;
        for (uint32_t k = first; k < end; k++)
            if (!has[k] && expr_uses(e, k))
                return fail_at(s->r, i < c->nexpr ? c->expr[i].at : c->where_at, "entry '%s' has no constant '%s'",
                               entry->name, c->name[k]);
    }
    return sweep_targets(s);
}

/* Walks the combinations of every entry; append: makes cases, else only counts those for which `where:` holds. */
static int walk(struct sweep *s, bool append, uint64_t *total)
{
    const struct case_spec *c = s->c;
    *total = 0;
    for (uint32_t e = 0; e < c->nentry; e++) {
        int rc = enter_entry(s, c->entry[e]);
        memset(s->pick, 0, sizeof s->pick);
        for (uint64_t k = 0; rc == 0 && s->ntarget && k < s->combinations; k++) {
            uint64_t n = 0;
            rc = compute_params(s);
            if (rc == 0) rc = count_cases(s, &n);
            if (rc == 0 && append && n) rc = append_problem(s, n);
            *total += n;
            for (uint32_t a = c->naxis; a-- > 0;) {          /* next combination, the last axis fastest */
                if (++s->pick[a] < c->axis[a].n) break;
                s->pick[a] = 0;
            }
        }
        if (rc) return rc;
    }
    return 0;
}

static uint64_t times(uint64_t a, uint64_t b)        /* saturating */
{
    uint64_t r;
    return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

/* n cases are too many; what: "" or which of them were counted. */
static int fail_many(struct sweep *s, uint64_t n, const char *what)
{
    const struct reader *r = s->r;
    char count[32] = "more than 2^64", before[64] = "";
    if (n < UINT64_MAX) snprintf(count, sizeof count, "%llu", (unsigned long long)n);
    if (r->max_cases - r->ncase >= n)
        return fail_at(s->r, s->c->node, "this case expands to %s cases%s, one run can have %d", count, what,
                       SUITE_HARD_CASES);
    if (r->ncase) snprintf(before, sizeof before, " after %llu before it", (unsigned long long)r->ncase);
    return fail_at(s->r, s->c->node, "this case expands to %s cases%s%s, max_cases is %llu", count, what, before,
                   (unsigned long long)r->max_cases);
}

/* Refuses too many cases before any is made.  Only a `where:` whose axes alone are too many has to be counted. */
static int check_count(struct sweep *s)
{
    const struct case_spec *c = s->c;
    const uint64_t left = s->r->max_cases - s->r->ncase, run = SUITE_HARD_CASES - s->l->list->nitem;
    const uint64_t allowed = left < run ? left : run;
    uint64_t most = 0;
    for (uint32_t e = 0; e < c->nentry; e++) {
        uint64_t per_problem = 0;
        const int rc = enter_entry(s, c->entry[e]);
        if (rc) return rc;
        for (uint32_t i = 0; i < s->ntarget; i++) per_problem += times(s->target[i].tiles->n, s->ncache);
        if (__builtin_add_overflow(most, times(s->combinations, per_problem), &most)) most = UINT64_MAX;
    }
    if (most <= allowed) return 0;
    if (!c->where) return fail_many(s, most, "");
    const uint64_t work = times(times(s->combinations, c->nentry), s->where_tiles ? s->ntile : 1);
    if (work > MAX_COMBINATIONS) return fail_many(s, most, " before 'where'");
    uint64_t total;
    const int rc = walk(s, false, &total);
    return rc == 0 && total > allowed ? fail_many(s, total, "") : rc;
}

int sweep_case(struct reader *r, struct case_spec *c)
{
    struct sweep s = { .r = r, .l = r->load, .c = c, .op = c->block->op, .ntile = 1, .combinations = 1 };
    const struct suite_opts *o = r->load->opts;
    for (uint32_t a = 0; a < c->naxis; a++) s.combinations = times(s.combinations, c->axis[a].n);
    for (uint32_t a = 0; a < c->ntile; a++) {
        s.ntile *= c->tile[a].n;
        if (c->where && expr_uses(c->where, c->nname - c->ntile + a)) s.where_tiles = true;
    }
    ops_defaults(s.op, s.params);
    for (uint32_t p = 0; p < s.op->nparam; p++) set_param(&s, p, param_get(&s.op->param[p], s.params));
    if (!c->block->bench.enabled) c->block->bench.cache = 1u << CACHE_WARM;      /* a check is the same in both modes */
    s.ncache = (uint32_t)__builtin_popcount(c->block->bench.cache);
    s.target = pool_alloc(&r->scratch, (s.op->nimpl + 1) * NBACKEND_BUILTIN * sizeof *s.target);
    if (!s.target) return fail_memory(r);
    const uint64_t before = r->ncase;
    uint64_t total = 0;
    int rc = check_count(&s);
    if (rc == 0) rc = walk(&s, true, &total);
    if (rc || r->ncase != before || c->restricted) return rc;
    if (o->nbackend) return 0;                       /* the command line asks for less than the suite has */
    if (s.ntarget && c->where) return fail_at(r, c->where_at, "'where' never holds: no case is left");
    return fail_at(r, c->node, "no case: the chosen impl serves none of the entries on these backends");
}
