/* `check:` and `bench:` of a case: suite level, then defaults, what a pair has in common, the case, merged key by key. */
#include <stdio.h>
#include <string.h>
#include "harness/chain_read.h"
#include "harness/problem.h"
#include "harness/suite_read.h"

const char *const fill_names[MXB_NFILL] = { "normal", "exact", "needle", "large", "probe" };
const char *const cache_names[2] = { "warm", "cold" };
static const char *const check_keys_known[] = { "fills", "sampled", "tolerance", "reason", "same_bits_as",
                                                "agree", "same_bits", "nrmse" };
static const char *const bench_keys_known[] = { "cache", "rounds", "min_time", "max_time", "min_effect" };

enum { NLEVEL = 4, LEVEL_CASE = 3 };
#define MAX_SAMPLED UINT64_C(1000000000000)

/* The nodes of `key` from the outermost level to the case. */
static void levels(struct reader *r, const struct node *map, const char *key, const struct node *out[NLEVEL])
{
    out[0] = map_get(r->root, key);
    out[1] = map_get(r->defaults, key);
    out[2] = map_get(r->common, key);
    out[LEVEL_CASE] = map_get(map, key);
}

/* `check: false`, `check: true`, or a map, which means true. */
static int read_switch(struct reader *r, const struct node *n, const char *key, bool *enabled)
{
    *enabled = true;
    if (n->kind == NODE_MAP) return 0;
    const char *const text = n->kind == NODE_TEXT ? n->u.text : "";
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) return fail_type(r, n, key, "a map, true or false");
    return read_bool(r, n, key, enabled);
}

static int read_fills(struct reader *r, const struct node *n, bool of_case, struct case_spec *c)
{
    const struct mxb_op *op = c->block->op;
    uint32_t bits = op->fills;
    if (n->kind != NODE_TEXT || strcmp(n->u.text, "all") != 0) {
        const int rc = read_name_set(r, n, "fills", "fill", fill_names, MXB_NFILL, &bits);
        if (rc) return rc;
    }
    for (uint32_t f = 0; of_case && f < MXB_NFILL; f++)
        if (bits & ~op->fills & 1u << f) return fail_at(r, n, "op '%s' has no fill '%s'", op->name, fill_names[f]);
    c->block->check.fills = bits & op->fills;
    if (c->block->check.fills == 0) return fail_at(r, n, "op '%s' has none of these fills", op->name);
    return 0;
}

static int read_tolerance(struct reader *r, const struct node *map, struct check_opts *o)
{
    const struct node *t = map_get(map, "tolerance"), *why = map_get(map, "reason");
    const char *reason;
    if (!t && !why) return 0;
    if (!why) return fail_at(r, t, "'tolerance' needs a 'reason'");
    if (!t) return fail_at(r, why, "'reason' belongs to a 'tolerance', and there is none");
    int rc = read_double(r, t, "tolerance", 0, 1000, &o->tolerance);
    if (rc == 0 && o->tolerance == 0) rc = fail_type(r, t, "tolerance", "greater than 0");
    if (rc == 0) rc = read_text(r, why, "reason", &reason);
    if (rc) return rc;
    o->reason = pool_text(r->load->pool, reason, why->n);
    return o->reason ? 0 : fail_memory(r);
}

static void free_expr(void *e) { expr_free(e); }

static int same_expression(struct reader *r, const struct case_spec *c, const struct suite_same *same,
                           const struct node *n, struct same_value *v)
{
    char err[MXB_ERRLEN] = "";
    int col = 1;
    if (expr_compile(n->u.text + 1, same->name, same->nname, c->sym, c->nsym, &v->e, &col, err, sizeof err))
        return fail_inside(r, n, 1, col, "%s", err);
    if (pool_defer(r->load->pool, free_expr, v->e)) return fail_memory(r);
    v->text = pool_text(r->load->pool, n->u.text, n->n);
    return v->text ? 0 : fail_memory(r);
}

/* The names outlive the case: the twin's parameters are computed when the case runs. */
static int same_names(struct reader *r, struct case_spec *c, struct suite_same *same)
{
    const int rc = case_names(r, c);
    if (rc) return rc;
    same->nname = c->nname - c->ntile;
    const char **name = pool_alloc(r->load->pool, same->nname * sizeof *name);
    if (!name) return fail_memory(r);
    for (uint32_t i = 0; i < same->nname; i++) {
        name[i] = i < same->op->nparam ? c->name[i] : pool_text(r->load->pool, c->name[i], strlen(c->name[i]));
        if (!name[i]) return fail_memory(r);
    }
    same->name = name;
    return 0;
}

static int read_same(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct mxb_op *op = c->block->op;
    if (c->chain) return fail_at(r, map, "'same_bits_as' is for a case of one op, a chain has 'same_bits'");
    if (map->kind != NODE_MAP || map->n == 0) return fail_type(r, map, "same_bits_as", "a map of parameters");
    struct suite_same *same = pool_alloc(r->load->pool, sizeof *same);
    struct same_value *v = pool_alloc(r->load->pool, map->n * sizeof *v);
    if (!same || !v) return fail_memory(r);
    *same = (struct suite_same){ .op = op, .v = v, .n = map->n };
    int rc = same_names(r, c, same);
    for (uint32_t i = 0; rc == 0 && i < map->n; i++) {
        const struct pair *pair = &map->u.pair[i];
        const int p = op_param(op, pair->key->u.text);
        if (p < 0) return fail_unknown(r, pair->key, "parameter", c->name, op->nparam);
        v[i].param = (uint32_t)p;
        rc = is_expression(pair->value) ? same_expression(r, c, same, pair->value, &v[i])
                                        : read_param(r, &op->param[p], pair->value, &v[i].bits);
    }
    c->block->check.same = same;
    return rc;
}

int read_check(struct reader *r, const struct node *map, struct case_spec *c)
{
    struct check_opts *o = &c->block->check;
    const struct node *level[NLEVEL];
    *o = (struct check_opts){ .enabled = true, .fills = c->block->op->fills, .tolerance = 1 };
    levels(r, map, "check", level);
    for (int l = 0; l < NLEVEL; l++) {
        const struct node *n = level[l], *v;
        if (!n) continue;
        int rc = read_switch(r, n, "check", &o->enabled);
        if (rc == 0 && n->kind != NODE_MAP) continue;
        if (rc == 0) rc = check_keys(r, n, "'check'", check_keys_known, MXB_COUNT(check_keys_known));
        if (rc == 0 && (v = map_get(n, "fills"))) rc = read_fills(r, v, l == LEVEL_CASE, c);
        if (rc == 0 && (v = map_get(n, "sampled"))) rc = read_u64(r, v, "sampled", 0, MAX_SAMPLED, &o->sampled);
        if (rc == 0) rc = read_tolerance(r, n, o);
        if (rc == 0 && (v = map_get(n, "same_bits_as"))) rc = read_same(r, v, c);
        if (rc == 0) rc = read_claims(r, n, c);
        if (rc) return rc;
    }
    return 0;
}

static int read_times(struct reader *r, const struct node *map, const struct node *given[2], struct bench_opts *o)
{
    const struct node *lo = map_get(map, "min_time"), *hi = map_get(map, "max_time");
    int rc = lo ? read_duration(r, lo, "min_time", &o->min_time_ns) : 0;
    if (rc == 0 && hi) rc = read_duration(r, hi, "max_time", &o->max_time_ns);
    if (rc) return rc;
    if (lo) given[0] = lo;
    if (hi) given[1] = hi;
    if (o->min_time_ns <= o->max_time_ns) return 0;
    if (given[0] && given[1]) return fail_at(r, hi ? hi : lo, "'min_time' is longer than 'max_time'");
    if (given[0]) o->max_time_ns = o->min_time_ns;   /* a built-in default yields */
    else o->min_time_ns = o->max_time_ns;
    return 0;
}

struct bench_opts bench_defaults(void)
{
    return (struct bench_opts){ .enabled = true, .cache = 1u << CACHE_WARM, .rounds = 3, .min_time_ns = 50e6,
                                .max_time_ns = 2e9, .min_effect = 0.03 };
}

int read_bench(struct reader *r, const struct node *map, struct case_spec *c)
{
    struct bench_opts *o = &c->block->bench;
    const struct node *level[NLEVEL], *given[2] = { NULL, NULL };
    *o = bench_defaults();
    levels(r, map, "bench", level);
    for (int l = 0; l < NLEVEL; l++) {
        const struct node *n = level[l], *v;
        uint64_t rounds = o->rounds;
        if (!n) continue;
        int rc = read_switch(r, n, "bench", &o->enabled);
        if (rc == 0 && n->kind != NODE_MAP) continue;
        if (rc == 0) rc = check_keys(r, n, "'bench'", bench_keys_known, MXB_COUNT(bench_keys_known));
        if (rc == 0 && (v = map_get(n, "cache")))
            rc = read_name_set(r, v, "cache", "cache mode", cache_names, 2, &o->cache);
        if (rc == 0 && (v = map_get(n, "rounds"))) rc = read_u64(r, v, "rounds", 1, MAX_ROUNDS, &rounds);
        if (rc == 0) rc = read_times(r, n, given, o);
        if (rc == 0 && (v = map_get(n, "min_effect"))) rc = read_percent(r, v, "min_effect", 0.1, 1000, &o->min_effect);
        if (rc) return rc;
        o->rounds = (uint32_t)rounds;
    }
    return 0;
}

int suite_same_bits(const struct suite_same *same, const struct bench_problem *pr, void *params_out, char *err,
                    size_t errlen)
{
    const struct mxb_op *op = same->op;
    struct val val[MAX_NAMES];
    bool known[MAX_NAMES] = { false };
    memcpy(params_out, pr->params, op->param_bytes);
    for (uint32_t p = 0; p < op->nparam; p++) {
        val[p] = param_val(&op->param[p], param_get(&op->param[p], pr->params));
        known[p] = true;
    }
    entry_vals(pr->entry, same->name, op->nparam, same->nname, val, known);
    for (uint32_t i = 0; i < same->n; i++) {
        const struct same_value *v = &same->v[i];
        uint32_t bits = v->bits;
        for (uint32_t k = op->nparam; v->e && k < same->nname; k++) {
            if (known[k] || !expr_uses(v->e, k)) continue;
            snprintf(err, errlen, "entry '%s' has no constant '%s'", pr->entry->name, same->name[k]);
            return MXB_EINVAL;
        }
        struct val result;
        if (v->e) {
            int rc = expr_eval(v->e, val, &result, err, errlen);
            if (rc == 0) rc = param_bits(&op->param[v->param], result, &bits, err, errlen);
            if (rc) return rc;
        }
        memcpy((char *)params_out + op->param[v->param].off, &bits, sizeof bits);
    }
    return 0;
}
