/* `params:`, `sweep:`, `zip:` and `tile:` of a case as axes: lists of values that the expansion walks. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "harness/quote.h"
#include "harness/suite_read.h"

enum { MAX_TILE_VALUES = 256, MAX_TILE_COMBINATIONS = 65536 };
enum section { SECTION_PARAMS, SECTION_SWEEP, SECTION_ZIP, NSECTION };
static const char *const section_names[NSECTION] = { "params", "sweep", "zip" };

struct values { uint32_t n; struct axis_value *v; };

static int new_values(struct reader *r, const struct node *at, const char *form, uint64_t n, struct values *out)
{
    if (n > SUITE_HARD_CASES)
        return fail_at(r, at, "'%s' gives %llu values, at most %d are allowed", form, (unsigned long long)n,
                       SUITE_HARD_CASES);
    out->n = (uint32_t)n;
    out->v = pool_alloc(&r->scratch, n * sizeof *out->v);
    return out->v ? 0 : fail_memory(r);
}

/* One literal or expression. */
static int read_value(struct reader *r, struct case_spec *c, const struct mxb_param *p, const struct node *n,
                      struct axis_value *out)
{
    if (!c || !is_expression(n)) return read_param(r, p, n, &out->bits);
    if ((c->nexpr & (c->nexpr - 1)) == 0) {          /* full: 0 or a power of two */
        struct case_expr *more = pool_alloc(&r->scratch, (c->nexpr ? c->nexpr * 2 : 1) * sizeof *more);
        if (!more) return fail_memory(r);
        if (c->nexpr) memcpy(more, c->expr, c->nexpr * sizeof *more);
        c->expr = more;
    }
    struct case_expr *e = &c->expr[c->nexpr];
    *e = (struct case_expr){ .at = n, .param = (uint32_t)(p - c->block->op->param) };
    const int rc = case_compile(r, c, n, 1, &e->e);
    if (rc) return rc;
    out->expr = ++c->nexpr;
    return 0;
}

static int float_range(struct reader *r, const struct mxb_param *p, const struct node *n, struct values *out)
{
    double lo, hi, step = 1;
    int rc = read_double(r, n->u.item[0], p->name, p->min, p->max, &lo);
    if (rc == 0) rc = read_double(r, n->u.item[1], p->name, p->min, p->max, &hi);
    if (rc == 0 && n->n == 3) rc = read_double(r, n->u.item[2], "step", 1e-30, 1e30, &step);
    if (rc) return rc;
    if (hi < lo) return fail_at(r, n, "'range' runs backwards, from %.9g to %.9g", lo, hi);
    const double count = floor((hi - lo) / step + 1e-9) + 1;     /* 0.1 steps must reach their end */
    rc = new_values(r, n, "range", count > 1e15 ? (uint64_t)1e15 : (uint64_t)count, out);
    for (uint32_t i = 0; rc == 0 && i < out->n; i++) {
        const float f = (float)fmin(lo + i * step, hi);
        memcpy(&out->v[i].bits, &f, sizeof f);
    }
    return rc;
}

static int int_range(struct reader *r, const struct mxb_param *p, const struct node *n, struct values *out)
{
    int64_t lo, hi, step = 1;
    int rc = read_i64(r, n->u.item[0], p->name, (int64_t)p->min, (int64_t)p->max, &lo);
    if (rc == 0) rc = read_i64(r, n->u.item[1], p->name, (int64_t)p->min, (int64_t)p->max, &hi);
    if (rc == 0 && n->n == 3) rc = read_i64(r, n->u.item[2], "step", 1, UINT32_MAX, &step);
    if (rc) return rc;
    if (hi < lo) return fail_at(r, n, "'range' runs backwards, from %lld to %lld", (long long)lo, (long long)hi);
    rc = new_values(r, n, "range", (uint64_t)((hi - lo) / step) + 1, out);
    for (uint32_t i = 0; rc == 0 && i < out->n; i++) out->v[i].bits = (uint32_t)(lo + i * step);
    return rc;
}

static int pow2_range(struct reader *r, const struct mxb_param *p, const struct node *n, struct values *out)
{
    int64_t end[2];
    for (int i = 0; i < 2; i++) {
        const int rc = read_i64(r, n->u.item[i], p->name, (int64_t)p->min, (int64_t)p->max, &end[i]);
        if (rc) return rc;
        if (end[i] <= 0 || (end[i] & (end[i] - 1)))
            return fail_at(r, n->u.item[i], "'pow2' needs powers of two, got %lld", (long long)end[i]);
    }
    if (end[1] < end[0])
        return fail_at(r, n, "'pow2' runs backwards, from %lld to %lld", (long long)end[0], (long long)end[1]);
    uint64_t count = 1;
    for (int64_t v = end[0]; v < end[1]; v *= 2) count++;
    const int rc = new_values(r, n, "pow2", count, out);
    for (uint32_t i = 0; rc == 0 && i < out->n; i++) out->v[i].bits = (uint32_t)(end[0] << i);
    return rc;
}

/* {range: [lo, hi, step]} or {pow2: [lo, hi]}. */
static int read_range(struct reader *r, const struct mxb_param *p, const struct node *n, struct values *out)
{
    static const char *const forms[] = { "range", "pow2" };
    int rc = check_keys(r, n, "a range", forms, MXB_COUNT(forms));
    if (rc) return rc;
    if (n->n != 1) return fail_at(r, n, "'%s' needs one of 'range' and 'pow2'", p->name);
    const struct node *v = n->u.pair[0].value;
    const bool pow2 = strcmp(n->u.pair[0].key->u.text, "pow2") == 0;
    if (p->type == 'b' || p->type == 'e' || (p->type == 'f' && pow2))
        return fail_at(r, n, "'%s' needs %s parameter, '%s' is not", forms[pow2], pow2 ? "an integer" : "a number",
                       p->name);
    if (v->kind != NODE_LIST || v->n < 2 || v->n > (pow2 ? 2u : 3u))
        return fail_type(r, v, forms[pow2], pow2 ? "[first, last]" : "[first, last, step]");
    return pow2 ? pow2_range(r, p, v, out) : p->type == 'f' ? float_range(r, p, v, out) : int_range(r, p, v, out);
}

/* A list or a range.  c NULL: no expressions. */
static int read_values(struct reader *r, struct case_spec *c, const struct mxb_param *p, const struct node *n,
                       struct values *out)
{
    if (n->kind == NODE_MAP) return read_range(r, p, n, out);
    if (n->kind != NODE_LIST) return fail_type(r, n, p->name, "a list, {range: [..]} or {pow2: [..]}");
    if (n->n == 0) return fail_at(r, n, "'%s' is an empty list", p->name);
    int rc = new_values(r, n, p->name, n->n, out);
    for (uint32_t i = 0; rc == 0 && i < n->n; i++) rc = read_value(r, c, p, n->u.item[i], &out->v[i]);
    return rc;
}

static int add_column(struct reader *r, struct case_spec *c, struct axis *axis, uint32_t param, struct values v)
{
    struct axis_column *col = (struct axis_column *)axis->col;
    if (!col) {                                      /* a zip may take every parameter, others have one column */
        col = pool_alloc(&r->scratch, (axis == &c->axis[MXB_MAX_PARAM] ? MXB_MAX_PARAM : 1) * sizeof *col);
        if (!col) return fail_memory(r);
    }
    col[axis->ncol++] = (struct axis_column){ param, v.v };
    axis->col = col;
    axis->n = v.n;
    c->given |= 1u << param;
    return 0;
}

static int read_param_axis(struct reader *r, struct case_spec *c, enum section s, const struct pair *pair,
                           uint32_t param, struct axis *zip)
{
    const struct mxb_param *p = &c->block->op->param[param];
    struct values v = { 0, NULL };
    int rc;
    if (s == SECTION_PARAMS) {
        rc = new_values(r, pair->value, p->name, 1, &v);
        if (rc == 0) rc = read_value(r, c, p, pair->value, v.v);
    } else {
        rc = read_values(r, c, p, pair->value, &v);
    }
    if (rc) return rc;
    if (s != SECTION_ZIP) return add_column(r, c, &c->axis[c->naxis++], param, v);
    if (zip->ncol && zip->n != v.n)
        return fail_at(r, pair->key, "lists of a zip must be equally long, '%s' has %u values and '%s' %u",
                       c->block->op->param[zip->col[0].param].name, zip->n, p->name, v.n);
    return add_column(r, c, zip, param, v);
}

/* The three sections of a case, or of the defaults, which yield to what the case says. */
static int read_level(struct reader *r, struct case_spec *c, const struct node *map, bool defaults, struct axis *zip)
{
    const struct mxb_op *op = c->block->op;
    const uint32_t hidden = c->given;
    const char *section_of[MXB_MAX_PARAM] = { NULL };
    for (enum section s = 0; s < NSECTION; s++) {
        const struct node *sec = map_get(map, section_names[s]);
        if (sec && sec->kind != NODE_MAP) return fail_type(r, sec, section_names[s], "a map of parameters");
        for (uint32_t i = 0; sec && i < sec->n; i++) {
            const struct pair *pair = &sec->u.pair[i];
            const int p = op_param(op, pair->key->u.text);
            if (p < 0 && defaults) continue;         /* some other case's: check_defaults_used() */
            if (p < 0) {
                const char *names[MXB_MAX_PARAM];
                for (uint32_t k = 0; k < op->nparam; k++) names[k] = op->param[k].name;
                return fail_unknown(r, pair->key, "parameter", names, op->nparam);
            }
            pair->key->used = true;
            if (hidden >> p & 1) continue;
            if (section_of[p])
                return fail_at(r, pair->key, "'%s' is given twice, in '%s' and in '%s'", op->param[p].name,
                               section_of[p], section_names[s]);
            section_of[p] = section_names[s];
            const int rc = read_param_axis(r, c, s, pair, (uint32_t)p, zip);
            if (rc) return rc;
        }
    }
    return 0;
}

/* Names the circle that starts anywhere below `p` among the stuck parameters. */
static int fail_circle(struct reader *r, const struct case_spec *c, const uint32_t *needs, uint32_t stuck, uint32_t p)
{
    char chain[256] = "";
    for (int i = 0; i < MXB_MAX_PARAM; i++) p = (uint32_t)__builtin_ctz(needs[p] & stuck);   /* now inside it */
    const uint32_t start = p;
    const struct node *at = c->node;
    for (uint32_t i = 0; i < c->nexpr; i++)
        if (c->expr[i].param == p) at = c->expr[i].at;
    do {
        const size_t n = strlen(chain);
        snprintf(chain + n, sizeof chain - n, "'%s' needs ", c->block->op->param[p].name);
        p = (uint32_t)__builtin_ctz(needs[p] & stuck);
    } while (p != start);
    return fail_at(r, at, "expressions in a circle: %s'%s'", chain, c->block->op->param[start].name);
}

/* Puts the parameters with expressions into an order in which each comes after those it uses. */
static int order_expressions(struct reader *r, struct case_spec *c)
{
    uint32_t needs[MXB_MAX_PARAM] = { 0 }, todo = 0;
    for (uint32_t i = 0; i < c->nexpr; i++) todo |= 1u << c->expr[i].param;
    for (uint32_t i = 0; i < c->nexpr; i++)
        for (uint32_t p = 0; p < c->block->op->nparam; p++)
            if ((todo >> p & 1) && expr_uses(c->expr[i].e, p)) needs[c->expr[i].param] |= 1u << p;
    while (todo) {
        uint32_t p = 0;
        while (p < MXB_MAX_PARAM && (!(todo >> p & 1) || (needs[p] & todo))) p++;
        if (p == MXB_MAX_PARAM) return fail_circle(r, c, needs, todo, (uint32_t)__builtin_ctz(todo));
        c->calc[c->ncalc++] = p;
        todo &= ~(1u << p);
    }
    return 0;
}

int read_axes(struct reader *r, const struct node *map, struct case_spec *c)
{
    struct axis *zip = &c->axis[MXB_MAX_PARAM];      /* parked at the end, then moved behind the others */
    int rc = read_level(r, c, map, false, zip);
    if (rc == 0) rc = read_level(r, c, r->common, true, zip);
    if (rc == 0) rc = read_level(r, c, r->defaults, true, zip);
    if (rc) return rc;
    if (zip->ncol) c->axis[c->naxis++] = *zip;
    return order_expressions(r, c);
}

/* The op's own copy of the name of a tile constant, NULL = unknown; names: all of them, *n in number. */
static const char *find_tile(const struct mxb_op *op, const char *name, const char **names, uint32_t room, uint32_t *n)
{
    *n = 0;
    for (uint32_t i = 0; i < op->nimpl; i++) {
        for (uint32_t t = 0; t < op->impl[i].ntile; t++) {
            const char *known = op->impl[i].tile[t].name;
            if (strcmp(known, name) == 0) return known;
            uint32_t k = 0;
            while (k < *n && strcmp(names[k], known) != 0) k++;
            if (k == *n && *n < room) names[(*n)++] = known;
        }
    }
    return NULL;
}

static int add_tile(struct reader *r, struct case_spec *c, const char *name, const struct node *n)
{
    const struct mxb_param type = { .name = name, .type = 'i', .min = 0, .max = INT32_MAX };
    struct values v = { 0, NULL };
    int rc = n->kind == NODE_TEXT ? new_values(r, n, name, 1, &v) : read_values(r, NULL, &type, n, &v);
    if (rc == 0 && n->kind == NODE_TEXT) rc = read_param(r, &type, n, &v.v[0].bits);
    if (rc) return rc;
    if (v.n > MAX_TILE_VALUES)
        return fail_at(r, n, "'%s' has %u values, at most %d are allowed", name, v.n, MAX_TILE_VALUES);
    if (c->ntile == SUITE_MAX_TILE) return fail_at(r, n, "more than %d tile constants", SUITE_MAX_TILE);
    int32_t *value = pool_alloc(&r->scratch, v.n * sizeof *value);
    if (!value) return fail_memory(r);
    struct tile_axis *t = &c->tile[c->ntile++];
    *t = (struct tile_axis){ name, 0, value };
    for (uint32_t i = 0; i < v.n; i++) {
        uint32_t k = 0;
        while (k < t->n && value[k] != (int32_t)v.v[i].bits) k++;
        if (k == t->n) value[t->n++] = (int32_t)v.v[i].bits;
    }
    return 0;
}

int read_tiles(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct node *const level[] = { map, r->common, r->defaults };
    uint64_t combinations = 1;
    for (size_t l = 0; l < MXB_COUNT(level); l++) {
        const uint32_t hidden = c->ntile;            /* constants that an inner level gives */
        const struct node *sec = map_get(level[l], "tile");
        if (sec && sec->kind != NODE_MAP) return fail_type(r, sec, "tile", "a map of tile constants");
        for (uint32_t i = 0; sec && i < sec->n; i++) {
            const struct pair *pair = &sec->u.pair[i];
            const char *names[64], *name;
            uint32_t n;
            name = find_tile(c->block->op, pair->key->u.text, names, MXB_COUNT(names), &n);
            if (!name && l > 0) continue;           /* some other case's: check_defaults_used() */
            if (!name) return fail_unknown(r, pair->key, "tile constant", names, n);
            pair->key->used = true;
            uint32_t k = 0;
            while (k < hidden && strcmp(c->tile[k].name, name) != 0) k++;
            if (k < hidden) continue;
            const int rc = add_tile(r, c, name, pair->value);
            if (rc) return rc;
            combinations *= c->tile[c->ntile - 1].n;
            if (combinations > MAX_TILE_COMBINATIONS)
                return fail_at(r, sec, "more than %d combinations of tile constants", MAX_TILE_COMBINATIONS);
        }
    }
    return 0;
}
