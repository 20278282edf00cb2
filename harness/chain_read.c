/* `chain:` of a case of a suite: the steps, their entries, parameters, implementations and tiles (chain.h). */
#include "harness/chain_read.h"
#include "harness/chain_text.h"
#include "harness/nearest.h"
#include "harness/ops.h"
#include "harness/problem.h"
#include "harness/quote.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char *const step_keys[] = { "as", "op", "entry", "params", "in", "impl", "tile" };
static const char *const param_sections[] = { "params", "sweep", "zip" };
enum { MAX_STEP_NAMES = CHAIN_MAX_STEPS * MXB_MAX_PARAM };

/* ---- names ---- */

static int read_name(struct reader *r, const struct node *n, const char *key, char out[CHAIN_NAME])
{
    size_t len = 0;
    if (n->kind != NODE_TEXT) return fail_type(r, n, key, "a name");
    while (isalnum((unsigned char)n->u.text[len]) || (len && strchr("_-", n->u.text[len]) && n->u.text[len])) len++;
    if (len == 0 || len != n->n || len >= CHAIN_NAME)
        return fail_type(r, n, key, "a name of letters, digits, '_' and '-', 31 at most");
    memcpy(out, n->u.text, len + 1);
    return 0;
}

static const struct mxb_op *find_op(const struct load *l, const char *name)
{
    for (uint32_t i = 0; i < l->nop; i++)
        if (strcmp(l->op[i]->name, name) == 0) return l->op[i];
    return NULL;
}

/* ---- what a step is: name, op, entries ---- */

static int read_step_op(struct reader *r, const struct node *map, struct chain_step *s)
{
    const struct load *l = r->load;
    const struct node *n = map_get(map, "op");
    if (!n) return fail_at(r, map, "a step needs 'op'");
    if (n->kind != NODE_TEXT || n->n == 0) return fail_type(r, n, "op", "the name of an op");
    s->op = find_op(l, n->u.text);
    if (s->op) return 0;
    const char **names = pool_alloc(&r->scratch, l->nop * sizeof *names);
    if (!names) return fail_memory(r);
    for (uint32_t i = 0; i < l->nop; i++) names[i] = l->op[i]->name;
    return fail_unknown(r, n, "op", names, l->nop);
}

static int read_step_name(struct reader *r, const struct node *map, struct chain *c, struct chain_step *s)
{
    const struct node *n = map_get(map, "as");
    const int rc = n ? read_name(r, n, "as", s->name) : 0;
    if (rc) return rc;
    if (!n) snprintf(s->name, sizeof s->name, "%s", s->op->name);
    for (const struct chain_step *o = c->step; o < s; o++)
        if (strcmp(o->name, s->name) == 0)
            return fail_at(r, n ? n : map, "two steps are named '%s': tell them apart with 'as'", s->name);
    return 0;
}

/* One entry for all variants, or a list: one for each. */
static int read_step_entries(struct reader *r, const struct node *map, struct chain *c, struct chain_step *s)
{
    const struct node *n = map_get(map, "entry");
    if (!n) return fail_at(r, map, "a step needs 'entry'");
    const int rc = list_check(r, n, "entry");
    if (rc) return rc;
    s->listed = n->kind == NODE_LIST;
    if (s->listed && c->op.nentry && list_len(n) != c->op.nentry)
        return fail_at(r, n, "lists of entries must be equally long, this has %u and one before it %u", list_len(n),
                       c->op.nentry);
    const struct mxb_entry **entry = pool_alloc(r->load->pool, list_len(n) * sizeof *entry);
    if (!entry) return fail_memory(r);
    for (uint32_t i = 0; i < list_len(n); i++) {
        const struct node *item = list_item(n, i);
        entry[i] = ops_entry(s->op, item->u.text);
        if (entry[i]) continue;
        const char **names = pool_alloc(&r->scratch, s->op->nentry * sizeof *names);
        if (!names) return fail_memory(r);
        for (uint32_t k = 0; k < s->op->nentry; k++) names[k] = s->op->entry[k].name;
        return fail_unknown(r, item, "entry", names, s->op->nentry);
    }
    s->entry = entry;
    if (s->listed) c->op.nentry = list_len(n);
    return 0;
}

static int read_heads(struct reader *r, const struct node *list, const char *key, bool aside, struct chain *c)
{
    if (list->kind != NODE_LIST) return fail_type(r, list, key, "a list of steps");
    if (list->n == 0) return fail_at(r, list, "'%s' is an empty list", key);
    for (uint32_t i = 0; i < list->n; i++) {
        const struct node *map = list->u.item[i];
        if (map->kind != NODE_MAP) return fail_type(r, map, key, "a list of maps");
        if (c->nstep == CHAIN_MAX_STEPS) return fail_at(r, map, "a chain has at most %d steps", CHAIN_MAX_STEPS);
        struct chain_step *s = &c->step[c->nstep];
        *s = (struct chain_step){ .aside = aside, .line = map->line, .col = map->col };
        int rc = check_keys(r, map, "a step", step_keys, MXB_COUNT(step_keys));
        if (rc == 0) rc = read_step_op(r, map, s);
        if (rc == 0) rc = read_step_name(r, map, c, s);
        if (rc == 0) rc = read_step_entries(r, map, c, s);
        if (rc) return rc;
        c->nstep++;
    }
    return 0;
}

/* The one entry of a step without a list serves every variant. */
static int spread_entries(struct reader *r, struct chain *c)
{
    if (!c->op.nentry) c->op.nentry = 1;
    for (struct chain_step *s = c->step; s < c->step + c->nstep; s++) {
        if (s->listed) continue;
        const struct mxb_entry **entry = pool_alloc(r->load->pool, c->op.nentry * sizeof *entry);
        if (!entry) return fail_memory(r);
        for (uint32_t v = 0; v < c->op.nentry; v++) entry[v] = s->entry[0];
        s->entry = entry;
    }
    return 0;
}

/* ---- the chain's own parameters: those of the steps that the case gives ---- */

/* A section of the case or its defaults; one that is no map is told of later, by read_axes(). */
static const struct node *section(const struct node *map, size_t i)
{
    const struct node *sec = map_get(map, param_sections[i]);
    return sec && sec->kind == NODE_MAP ? sec : NULL;
}

static bool is_given(struct reader *r, const struct node *map, const char *name)
{
    for (size_t i = 0; i < MXB_COUNT(param_sections); i++)
        if (map_get(section(map, i), name) || map_get(section(r->defaults, i), name)) return true;
    return false;
}

/* Every parameter of the case belongs to a step. */
static int check_params_known(struct reader *r, const struct node *map, const struct chain *c)
{
    for (size_t i = 0; i < MXB_COUNT(param_sections); i++) {
        const struct node *sec = section(map, i);
        for (uint32_t k = 0; sec && k < sec->n; k++) {
            const struct node *key = sec->u.pair[k].key;
            const char *names[MAX_STEP_NAMES];
            uint32_t n = 0;
            bool found = false;
            for (uint32_t s = 0; s < c->nstep; s++) {
                found |= op_param(c->step[s].op, key->u.text) >= 0;
                for (uint32_t p = 0; p < c->step[s].op->nparam; p++) names[n++] = c->step[s].op->param[p].name;
            }
            if (!found) return fail_unknown(r, key, "parameter of the steps", names, n);
        }
    }
    return 0;
}

static int add_params(struct reader *r, const struct node *map, struct chain *c)
{
    struct mxb_param *param = pool_alloc(r->load->pool, MXB_MAX_PARAM * sizeof *param);
    if (!param) return fail_memory(r);
    c->op.param = param;
    for (uint32_t s = 0; s < c->nstep; s++) {
        for (uint32_t i = 0; i < c->step[s].op->nparam; i++) {
            const struct mxb_param *p = &c->step[s].op->param[i];
            if (op_param(&c->op, p->name) >= 0 || !is_given(r, map, p->name)) continue;
            if (c->op.nparam == MXB_MAX_PARAM)
                return fail_at(r, map, "a chain has at most %d parameters of its own", MXB_MAX_PARAM);
            param[c->op.nparam] = *p;
            param[c->op.nparam].off = 4 * c->op.nparam;
            c->op.nparam++;
        }
    }
    c->op.param_bytes = 4 * c->op.nparam;
    return 0;
}

/* An enum parameter is passed on by number: two steps must mean the same by it. */
static int check_enum(struct reader *r, const struct node *map, const struct chain *c, const struct chain_step *s)
{
    for (uint32_t i = 0; i < c->op.nparam; i++) {
        const struct mxb_param *own = &c->op.param[i];
        const int k = op_param(s->op, own->name);
        if (k < 0 || map_get(section(map, 0), own->name)) continue;
        const struct mxb_param *p = &s->op->param[k];
        if ((p->type == 'e') != (own->type == 'e') || (p->type == 'e' && strcmp(p->names, own->names) != 0))
            return fail_at(
                r, map, "'%s' of this step has other values than in a step before it: give it in the step's 'params'",
                own->name);
    }
    return 0;
}

/* ---- the rest of a step ---- */

static void free_expr(void *e) { expr_free(e); }

/* Variables of the steps' expressions: the chain's parameters, then the constants of all entries. */
static int read_names(struct reader *r, struct chain *c)
{
    const char **var = pool_alloc(r->load->pool, MAX_NAMES * sizeof *var);
    uint32_t n = 0;
    if (!var) return fail_memory(r);
    for (uint32_t i = 0; i < c->op.nparam; i++) var[n++] = c->op.param[i].name;
    for (uint32_t e = 0; e < c->nstep * c->op.nentry; e++) {
        const char *at = c->step[e / c->op.nentry].entry[e % c->op.nentry]->consts;
        char name[SCOPE_NAME];
        for (int64_t value; entry_const_next(&at, name, &value) == 1;) {
            uint32_t k = 0;
            while (k < n && strcmp(var[k], name) != 0) k++;
            if (k < n || n == MAX_NAMES) continue;
            var[n] = pool_text(r->load->pool, name, strlen(name));
            if (!var[n++]) return fail_memory(r);
        }
    }
    for (uint32_t k = 0; k < c->nstep; k++) {
        c->step[k].var = var;
        c->step[k].nvar = n;
    }
    return 0;
}

static int read_step_params(struct reader *r, const struct node *map, struct case_spec *cs, struct chain_step *s)
{
    const struct node *sec = map_get(map, "params");
    char err[MXB_ERRLEN] = "";
    if (!sec) return 0;
    if (sec->kind != NODE_MAP) return fail_type(r, sec, "params", "a map of parameters");
    struct chain_value *value = pool_alloc(r->load->pool, sec->n * sizeof *value);
    if (!value) return fail_memory(r);
    s->value = value;
    for (uint32_t i = 0; i < sec->n; i++) {
        const struct node *key = sec->u.pair[i].key, *n = sec->u.pair[i].value;
        const int p = op_param(s->op, key->u.text);
        struct chain_value *v = &value[s->nvalue++];
        int rc = 0, col = 1;
        if (p < 0) {
            const char *names[MXB_MAX_PARAM];
            for (uint32_t k = 0; k < s->op->nparam; k++) names[k] = s->op->param[k].name;
            return fail_unknown(r, key, "parameter", names, s->op->nparam);
        }
        v->param = (uint32_t)p;
        if (!is_expression(n))
            rc = read_param(r, &s->op->param[p], n, &v->bits);
        else if (expr_compile(n->u.text + 1, s->var, s->nvar, cs->sym, cs->nsym, &v->e, &col, err, sizeof err))
            rc = fail_inside(r, n, 1, col, "%s", err);
        else if (pool_defer(r->load->pool, free_expr, v->e) || !(v->text = pool_text(r->load->pool, n->u.text, n->n)))
            rc = fail_memory(r);
        if (rc) return rc;
    }
    return 0;
}

static int read_step_impl(struct reader *r, const struct node *map, struct chain_step *s)
{
    const struct node *n = map_get(map, "impl");
    const int rc = n ? list_check(r, n, "impl") : 0;
    if (!n || rc) return rc;
    const char **impl = pool_alloc(r->load->pool, list_len(n) * sizeof *impl);
    const char **names = pool_alloc(&r->scratch, (s->op->nimpl + 1) * sizeof *names);
    if (!impl || !names) return fail_memory(r);
    for (uint32_t i = 0; i < list_len(n); i++) {
        for (uint32_t k = 0; k < s->op->nimpl; k++) {
            names[k] = s->op->impl[k].name;
            if (strcmp(names[k], list_item(n, i)->u.text) == 0) impl[i] = names[k];
        }
        if (!impl[i]) return fail_unknown(r, list_item(n, i), "impl", names, s->op->nimpl);
    }
    s->impl = impl;
    s->nimpl = list_len(n);
    return 0;
}

static int read_step_tile(struct reader *r, const struct node *map, struct chain_step *s)
{
    const struct node *sec = map_get(map, "tile");
    if (!sec) return 0;
    if (sec->kind != NODE_MAP) return fail_type(r, sec, "tile", "a map of tile constants");
    struct tile_value *tile = pool_alloc(r->load->pool, sec->n * sizeof *tile);
    if (!tile) return fail_memory(r);
    for (uint32_t i = 0; i < sec->n; i++) {
        const struct node *key = sec->u.pair[i].key;
        int64_t value = 0;
        const char *names[64];
        uint32_t n = 0;
        for (uint32_t k = 0; k < s->op->nimpl; k++)
            for (uint32_t t = 0; t < s->op->impl[k].ntile && n < MXB_COUNT(names); t++)
                names[n++] = s->op->impl[k].tile[t].name;
        for (uint32_t k = 0; k < n && !tile[i].name; k++)
            if (strcmp(names[k], key->u.text) == 0) tile[i].name = names[k];
        if (!tile[i].name) return fail_unknown(r, key, "tile constant", names, n);
        const int rc = read_i64(r, sec->u.pair[i].value, key->u.text, 0, INT32_MAX, &value);
        if (rc) return rc;
        tile[i].value = (int32_t)value;
    }
    s->tile = tile;
    s->ntile = sec->n;
    return 0;
}

static int read_bodies(struct reader *r, const struct node *list, struct case_spec *cs, uint32_t first)
{
    struct chain *c = cs->chain;
    int rc = 0;
    for (uint32_t i = 0; list && i < list->n && rc == 0; i++) {
        const struct node *map = list->u.item[i];
        struct chain_step *s = &c->step[first + i];
        rc = check_enum(r, map, c, s);
        if (rc == 0) rc = read_step_params(r, map, cs, s);
        if (rc == 0) rc = read_step_impl(r, map, s);
        if (rc == 0) rc = read_step_tile(r, map, s);
        if (rc == 0) rc = read_links(r, map, c, first + i);
    }
    return rc;
}

/* ---- the chain ---- */

/* Variants: "tq_decode", and where a step lists its entries "tq_decode:flash_attn_vec_tq_hb_dk256". */
static int name_variants(struct reader *r, struct chain *c, uint32_t timed)
{
    struct mxb_entry *entry = pool_alloc(r->load->pool, c->op.nentry * sizeof *entry);
    uint32_t k = 0;
    if (!entry) return fail_memory(r);
    while (k < c->nstep && !c->step[k].listed) k++;
    for (uint32_t v = 0; v < c->op.nentry; v++) {
        char name[CHAIN_NAME + 128];
        snprintf(name, sizeof name, "%s%s%.100s", c->op.name, k < c->nstep ? ":" : "",
                 k < c->nstep ? c->step[k].entry[v]->name : "");
        entry[v] = *c->step[timed - 1].entry[v];
        entry[v].consts = NULL;
        entry[v].name = pool_text(r->load->pool, name, strlen(name));
        if (!entry[v].name) return fail_memory(r);
    }
    c->op.entry = entry;
    return 0;
}

/* Fills that every step has, without those that hold only for inputs which the op has made itself: equal bits, NaN. */
static uint32_t common_fills(const struct chain *c)
{
    uint32_t fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_NEEDLE | 1u << MXB_FILL_LARGE;
    for (uint32_t k = 0; k < c->nstep; k++) fills &= c->step[k].op->fills;
    return fills | 1u << MXB_FILL_NORMAL;
}

int read_chain(struct reader *r, const struct node *map, struct case_spec *cs)
{
    const struct node *name = map_get(map, "chain"), *steps = map_get(map, "steps"), *against = map_get(map, "against");
    struct chain *c = pool_alloc(r->load->pool, sizeof *c);
    char text[CHAIN_NAME];
    if (!c) return fail_memory(r);
    int rc = read_name(r, name, "chain", text);
    if (rc) return rc;
    if (find_op(r->load, text))
        return fail_at(r, name, "'%s' is the name of an op: a chain needs one of its own", text);
    if (!steps) return fail_at(r, map, "a chain needs 'steps'");
    c->op = (struct mxb_op){ .abi = MXB_OP_ABI,
                             .name = pool_text(r->load->pool, text, strlen(text)),
                             .family = "chain",
                             .about = "",
                             .source_ref = "",
                             .items = "1" };
    if (!c->op.name) return fail_memory(r);
    rc = read_heads(r, steps, "steps", false, c);
    const uint32_t timed = c->nstep;
    if (rc == 0 && against) rc = read_heads(r, against, "against", true, c);
    if (rc == 0) rc = spread_entries(r, c);
    if (rc == 0) rc = name_variants(r, c, timed);
    if (rc == 0) rc = check_params_known(r, map, c);
    if (rc == 0) rc = add_params(r, map, c);
    if (rc) return rc;
    c->op.fills = common_fills(c);
    chain_op(c);
    cs->chain = c;
    cs->block->op = &c->op;
    rc = case_names(r, cs);
    if (rc == 0) rc = read_names(r, c);
    if (rc == 0) rc = read_bodies(r, steps, cs, 0);
    if (rc == 0) rc = read_bodies(r, against, cs, timed);
    if (rc == 0) c->op.def_version = chain_version(c);
    return rc;
}

bool chain_has_entry(const struct chain *c, uint32_t variant, const char *name)
{
    for (uint32_t k = 0; k < c->nstep; k++)
        if (strcmp(c->step[k].entry[variant]->name, name) == 0) return true;
    return false;
}

bool chain_has_op(const struct chain *c, const char *name)
{
    for (uint32_t k = 0; k < c->nstep; k++)
        if (strcmp(c->step[k].op->name, name) == 0) return true;
    return false;
}
