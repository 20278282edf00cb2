/* One case of a suite: op, entries, implementations, backends, `where:` and tags, with the defaults merged in. */
#include <stdio.h>
#include <string.h>
#include "harness/chain_read.h"
#include "harness/nearest.h"
#include "harness/ops.h"
#include "harness/problem.h"
#include "harness/quote.h"
#include "harness/suite_read.h"

static const char *const case_keys[] = {
    "op", "entries", "params", "sweep", "zip", "tile", "impl", "backends", "where", "tags", "check", "bench", "seed",
    "about",
};
static const char *const chain_keys[] = {
    "chain", "steps", "against", "params", "sweep", "zip", "backends", "where", "tags", "check", "bench", "seed", "about",
};
const char *const backend_names[NBACKEND_BUILTIN] = { "cpu", "opencl", "vulkan" };

const struct node *case_field(struct reader *r, const struct node *map, const char *key)
{
    const struct node *n = map_get(map, key);
    if (!n) n = map_get(r->common, key);
    return n ? n : map_get(r->defaults, key);
}

static int read_op(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct load *l = r->load;
    const struct node *n = case_field(r, map, "op");
    if (!n) return fail_at(r, map, "a case needs 'op'");
    if (n->kind != NODE_TEXT || n->n == 0) return fail_type(r, n, "op", "the name of an op");
    for (uint32_t i = 0; i < l->nop && !c->block->op; i++)
        if (strcmp(l->op[i]->name, n->u.text) == 0) c->block->op = l->op[i];
    if (c->block->op) return 0;
    const char **names = pool_alloc(&r->scratch, l->nop * sizeof *names);
    if (!names) return fail_memory(r);
    for (uint32_t i = 0; i < l->nop; i++) names[i] = l->op[i]->name;
    return fail_unknown(r, n, "op", names, l->nop);
}

static int fail_entry(struct reader *r, const struct node *n, const struct mxb_op *op)
{
    char q[QUOTE_LEN];
    for (uint32_t i = 0; i < r->load->nop; i++)
        if (ops_entry(r->load->op[i], n->u.text))
            return fail_at(r, n, "entry %s belongs to op '%s', not to '%s'", quote(q, n->u.text, n->n),
                           r->load->op[i]->name, op->name);
    const char **names = pool_alloc(&r->scratch, op->nentry * sizeof *names);
    if (!names) return fail_memory(r);
    for (uint32_t i = 0; i < op->nentry; i++) names[i] = op->entry[i].name;
    return fail_unknown(r, n, "entry", names, op->nentry);
}

static bool asked_for(const char *name, const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return n == 0;
}

static void add_entry(struct reader *r, struct case_spec *c, const struct mxb_entry *e)
{
    const struct suite_opts *o = r->load->opts;
    bool asked = asked_for(e->name, o->entry, o->nentry);
    for (uint32_t i = 0; c->chain && i < o->nentry; i++)
        asked |= chain_has_entry(c->chain, (uint32_t)(e - c->block->op->entry), o->entry[i]);
    if (asked) c->entry[c->nentry++] = e;
    else c->restricted = true;
}

static int read_entries(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct mxb_op *op = c->block->op;
    const struct node *n = c->chain ? NULL : case_field(r, map, "entries");
    const int rc = n ? list_check(r, n, "entries") : 0;
    if (rc) return rc;
    c->entry = pool_alloc(&r->scratch, op->nentry * sizeof *c->entry);
    bool *seen = pool_alloc(&r->scratch, op->nentry * sizeof *seen);
    if (!c->entry || !seen) return fail_memory(r);
    if (!n || (n->kind == NODE_TEXT && strcmp(n->u.text, "all") == 0)) {
        for (uint32_t i = 0; i < op->nentry; i++) add_entry(r, c, &op->entry[i]);
        return 0;
    }
    for (uint32_t i = 0; i < list_len(n); i++) {
        const struct node *item = list_item(n, i);
        const struct mxb_entry *e = ops_entry(op, item->u.text);
        if (!e) return fail_entry(r, item, op);
        if (seen[e - op->entry]) return fail_at(r, item, "entry '%s' is named twice", e->name);
        seen[e - op->entry] = true;
        add_entry(r, c, e);
    }
    return 0;
}

static int read_impl(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct mxb_op *op = c->block->op;
    const struct node *n = c->chain ? NULL : case_field(r, map, "impl");
    const int rc = n ? list_check(r, n, "impl") : 0;
    if (rc) return rc;
    c->impl_auto = !n || (n->kind == NODE_TEXT && strcmp(n->u.text, "auto") == 0);
    if (c->impl_auto || (n->kind == NODE_TEXT && strcmp(n->u.text, "all") == 0)) return 0;
    c->impl = pool_alloc(&r->scratch, op->nimpl * sizeof *c->impl);
    const char **names = pool_alloc(&r->scratch, (op->nimpl + 2) * sizeof *names);
    if (!c->impl || !names) return fail_memory(r);
    for (uint32_t i = 0; i < list_len(n); i++) {
        const struct node *item = list_item(n, i);
        bool found = false;
        for (uint32_t k = 0; k < op->nimpl; k++)
            if (strcmp(op->impl[k].name, item->u.text) == 0) c->impl[k] = found = true;
        if (found) continue;
        for (uint32_t k = 0; k < op->nimpl; k++) names[k] = op->impl[k].name;
        names[op->nimpl] = "auto";
        names[op->nimpl + 1] = "all";
        return fail_unknown(r, item, "impl", names, op->nimpl + 2);
    }
    return 0;
}

static int read_tags(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct node *n = case_field(r, map, "tags");
    const int rc = n ? list_check(r, n, "tags") : 0;
    if (!n || rc) return rc;
    const char **tag = pool_alloc(r->load->pool, list_len(n) * sizeof *tag);
    if (!tag) return fail_memory(r);
    for (uint32_t i = 0; i < list_len(n); i++) {
        tag[i] = pool_text(r->load->pool, list_item(n, i)->u.text, list_item(n, i)->n);
        if (!tag[i]) return fail_memory(r);
    }
    c->block->tag = tag;
    c->block->ntag = list_len(n);
    return 0;
}

/* Enum values as symbols.  A name that two parameters number differently is left out: it has no one value. */
static int enum_symbols(struct reader *r, struct case_spec *c)
{
    const struct mxb_op *op = c->block->op;
    const char *name;
    size_t len;
    uint32_t room = 0;
    for (uint32_t p = 0; p < op->nparam; p++)
        for (uint32_t i = 0; op->param[p].type == 'e' && enum_name(op->param[p].names, i, &len); i++) room++;
    c->sym = pool_alloc(&r->scratch, room * sizeof *c->sym);
    bool *dropped = pool_alloc(&r->scratch, room * sizeof *dropped);
    if (!c->sym || !dropped) return fail_memory(r);
    uint32_t n = 0;
    for (uint32_t p = 0; p < op->nparam; p++) {
        for (uint32_t i = 0; op->param[p].type == 'e' && (name = enum_name(op->param[p].names, i, &len)); i++) {
            uint32_t k = 0;
            while (k < n && (strlen(c->sym[k].name) != len || memcmp(c->sym[k].name, name, len) != 0)) k++;
            if (k < n) {
                if (c->sym[k].value != i) dropped[k] = true;
                continue;
            }
            c->sym[n] = (struct expr_sym){ pool_text(&r->scratch, name, len), i };
            if (!c->sym[n++].name) return fail_memory(r);
        }
    }
    for (uint32_t k = 0; k < n; k++)
        if (!dropped[k]) c->sym[c->nsym++] = c->sym[k];
    return 0;
}

int case_names(struct reader *r, struct case_spec *c)
{
    const struct mxb_op *op = c->block->op;
    if (c->nname) return 0;
    for (uint32_t i = 0; i < op->nparam; i++) c->name[c->nname++] = op->param[i].name;
    for (uint32_t i = 0; i < op->nentry; i++) {      /* all: --entry must not change what an expression may name */
        const char *at = op->entry[i].consts;
        char name[SCOPE_NAME];
        for (int64_t value; entry_const_next(&at, name, &value) == 1;) {
            uint32_t k = op->nparam;
            while (k < c->nname && strcmp(c->name[k], name) != 0) k++;
            if (k < c->nname) continue;
            if (c->nconst == MAX_CONST)
                return fail_at(r, c->node, "the entries have more than %d constants", MAX_CONST);
            c->name[c->nname] = pool_text(&r->scratch, name, strlen(name));
            if (!c->name[c->nname++]) return fail_memory(r);
            c->nconst++;
        }
    }
    for (uint32_t i = 0; i < c->ntile; i++) c->name[c->nname++] = c->tile[i].name;
    return enum_symbols(r, c);
}

static void free_expr(void *e) { expr_free(e); }

/* tiles: tile constants are in scope too. */
static int compile(struct reader *r, struct case_spec *c, const struct node *n, size_t skip, bool tiles,
                   struct expr **out)
{
    char err[MXB_ERRLEN] = "";
    int col = 1, rc = case_names(r, c);
    if (rc) return rc;
    rc = expr_compile(n->u.text + skip, c->name, c->nname - (tiles ? 0 : c->ntile), c->sym, c->nsym, out, &col, err,
                      sizeof err);
    if (rc) return fail_inside(r, n, skip, col, "%s", err);
    return pool_defer(&r->scratch, free_expr, *out) ? fail_memory(r) : 0;
}

int case_compile(struct reader *r, struct case_spec *c, const struct node *n, size_t skip, struct expr **out)
{
    return compile(r, c, n, skip, false, out);
}

static int read_where(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct node *n = case_field(r, map, "where");
    if (!n) return 0;
    if (n->kind != NODE_TEXT || n->n == 0) return fail_type(r, n, "where", "an expression");
    c->where_at = n;
    return compile(r, c, n, 0, true, &c->where);
}

static int read_small(struct reader *r, const struct node *map, struct case_spec *c)
{
    const struct node *n = case_field(r, map, "seed");
    const struct suite_opts *o = r->load->opts;
    c->seed = r->suite->seed;
    int rc = n ? read_u64(r, n, "seed", 0, UINT64_MAX, &c->seed) : 0;
    if (o->seed) c->seed = *o->seed;
    const char *about;
    n = case_field(r, map, "about");
    if (rc == 0 && n) rc = read_text(r, n, "about", &about);
    c->backends = r->backends;
    n = case_field(r, map, "backends");
    if (rc == 0 && n) rc = read_name_set(r, n, "backends", "backend", backend_names, NBACKEND_BUILTIN, &c->backends);
    for (int b = 0; b < NBACKEND_BUILTIN; b++)
        if (!asked_for(backend_names[b], o->backend, o->nbackend)) c->backends &= ~(1u << b);
    return rc;
}

int read_case(struct reader *r, const struct node *map, struct suite_block *block, struct case_spec *c)
{
    if (map->kind != NODE_MAP) return fail_type(r, map, "cases", "a list of maps");
    *block = (struct suite_block){ .suite = r->suite, .line = map->line, .col = map->col };
    *c = (struct case_spec){ .block = block, .node = map };
    const bool chain = map_get(map, "chain") != NULL;
    int rc = chain ? check_keys(r, map, "a chain", chain_keys, MXB_COUNT(chain_keys))
                   : check_keys(r, map, "a case", case_keys, MXB_COUNT(case_keys));
    if (rc == 0) rc = chain ? read_chain(r, map, c) : read_op(r, map, c);
    if (rc == 0) rc = read_small(r, map, c);
    if (rc == 0) rc = read_entries(r, map, c);
    if (rc == 0) rc = read_impl(r, map, c);
    if (rc == 0) rc = read_tags(r, map, c);
    if (rc == 0) rc = read_tiles(r, map, c);             /* before the first expression, which fixes the names */
    if (rc == 0) rc = read_axes(r, map, c);
    if (rc == 0) rc = read_where(r, map, c);
    if (rc == 0) rc = read_check(r, map, c);
    if (rc == 0) rc = read_bench(r, map, c);
    if (rc == 0 && !block->check.enabled && !block->bench.enabled)
        rc = fail_at(r, map, "a case with 'check: false' and 'bench: false' does nothing");
    return rc;
}

int check_case_keys(struct reader *r, const struct node *map, const char *key)
{
    char where[32];
    if (map->kind != NODE_MAP) return fail_type(r, map, key, "a map");
    snprintf(where, sizeof where, "'%s'", key);
    return check_keys(r, map, where, case_keys, MXB_COUNT(case_keys));
}

int check_defaults_used(struct reader *r, const struct node *defaults, const struct mxb_op *last)
{
    static const char *const sections[] = { "params", "sweep", "zip", "tile" };
    for (size_t s = 0; s < MXB_COUNT(sections); s++) {
        const struct node *sec = map_get(defaults, sections[s]);
        for (uint32_t i = 0; sec && i < sec->n; i++) {
            const struct node *key = sec->u.pair[i].key;
            const char *names[MXB_MAX_PARAM];
            if (key->used) continue;
            for (uint32_t k = 0; k < last->nparam; k++) names[k] = last->param[k].name;
            if (s < 3) return fail_unknown(r, key, "parameter", names, last->nparam);
            return fail_unknown(r, key, "tile constant", NULL, 0);
        }
    }
    return 0;
}
