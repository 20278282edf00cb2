/* `pairs:` of a suite: two arms, each of one or more cases, whose times a run compares. */
#include <stdio.h>
#include <string.h>
#include "harness/quote.h"
#include "harness/suite_read.h"

static const char *const pair_keys[] = { "name", "claim", "common", "a", "b" };
static const char *const arm_keys[2] = { "a", "b" };

/* Cases of an arm: a map is one, a list has its items. */
static uint32_t arm_len(const struct node *arm)
{
    return !arm ? 0 : arm->kind == NODE_LIST ? arm->n : 1;
}

static const struct node *arm_item(const struct node *arm, uint32_t i)
{
    return arm->kind == NODE_LIST ? arm->u.item[i] : arm;
}

uint32_t count_pair_blocks(const struct node *pairs)
{
    uint32_t n = 0;
    for (uint32_t i = 0; pairs && pairs->kind == NODE_LIST && i < pairs->n; i++)
        for (int arm = 0; arm < 2; arm++)
            if (pairs->u.item[i]->kind == NODE_MAP) n += arm_len(map_get(pairs->u.item[i], arm_keys[arm]));
    return n;
}

static int read_texts(struct reader *r, const struct node *map, struct suite_pair *p)
{
    const struct node *name = map_get(map, "name"), *claim = map_get(map, "claim");
    const char *text[2] = { "", "" };
    if (!name) return fail_at(r, map, "a pair needs 'name'");
    int rc = read_text(r, name, "name", &text[0]);
    if (rc == 0 && claim) rc = read_text(r, claim, "claim", &text[1]);
    if (rc) return rc;
    for (uint32_t i = 0; i < r->suite->nblock; i++) {
        const struct suite_block *b = &r->suite->block[i];
        if (b->pair && strcmp(b->pair->name, text[0]) == 0)
            return fail_at(r, name, "a pair of this name has a case on line %d", b->line);
    }
    p->name = pool_text(r->load->pool, text[0], strlen(text[0]));
    p->claim = pool_text(r->load->pool, text[1], strlen(text[1]));
    return p->name && p->claim ? 0 : fail_memory(r);
}

/* Numbers the cases that the block has added to the list, from `first` on, by backend. */
static void number_cases(struct reader *r, struct suite_block *b, uint32_t first)
{
    struct case_list *list = r->load->list;
    for (uint32_t i = first; i < list->nitem; i++) list->item[i].variant = b->ncase[list->item[i].backend]++;
}

/* Both arms' cases; *whole: the command line left none of them out. */
static int read_arms(struct reader *r, const struct node *map, struct suite_pair *p, bool *whole)
{
    *whole = true;
    for (int arm = 0; arm < 2; arm++) {
        const struct node *n = map_get(map, arm_keys[arm]);
        if (!n) return fail_at(r, map, "a pair needs '%s', a case or a list of cases", arm_keys[arm]);
        if (n->kind != NODE_MAP && n->kind != NODE_LIST)
            return fail_type(r, n, arm_keys[arm], "a case or a list of cases");
        if (arm_len(n) == 0) return fail_at(r, n, "'%s' is an empty list", arm_keys[arm]);
        if (arm_len(n) > PAIR_MAX_PARTS)
            return fail_at(r, n, "'%s' has %u cases, at most %d are allowed", arm_keys[arm], arm_len(n),
                           PAIR_MAX_PARTS);
        for (uint32_t i = 0; i < arm_len(n); i++) {
            struct suite_block *b = NULL;
            bool all;
            const uint32_t first = r->load->list->nitem;
            const int rc = read_block(r, arm_item(n, i), &b, &all);
            if (rc) return rc;
            if (!b->bench.enabled && !r->load->opts->check_only)
                return fail_at(r, arm_item(n, i), "the cases of a pair are timed: 'bench: false' does not fit");
            number_cases(r, b, first);
            *whole = *whole && all;
            p->part[arm][p->npart[arm]++] = b;
        }
    }
    return 0;
}

/* On every backend each part gives as many combinations as the others, or one. */
static int match_arms(struct reader *r, const struct node *map, struct suite_pair *p)
{
    for (int be = 0; be < NBACKEND_BUILTIN; be++) {
        uint32_t most = 0;
        for (int arm = 0; arm < 2; arm++)
            for (uint32_t i = 0; i < p->npart[arm]; i++)
                if (p->part[arm][i]->ncase[be] > most) most = p->part[arm][i]->ncase[be];
        if (most > PAIR_MAX_VARIANTS)
            return fail_at(r, map, "this pair has %u ratios on %s, at most %d are allowed", most, backend_names[be],
                           PAIR_MAX_VARIANTS);
        p->nvariant[be] = most;
        for (int arm = 0; arm < 2; arm++)
            for (uint32_t i = 0; i < p->npart[arm]; i++) {
                const struct node *at = arm_item(map_get(map, arm_keys[arm]), i);
                const uint32_t n = p->part[arm][i]->ncase[be];
                if (n == most || n == 1) continue;
                if (n == 0)
                    return fail_at(r, at, "this case of '%s' gives nothing on %s, where the other side has a case: "
                                   "name the pair's 'backends' or 'impl'", arm_keys[arm], backend_names[be]);
                return fail_at(r, at, "this case of '%s' gives %u combinations on %s, others of the pair %u: one, or "
                               "as many as they", arm_keys[arm], n, backend_names[be], most);
            }
    }
    return 0;
}

static bool same_case(const struct case_list *l, const struct bench_case *x, const struct bench_case *y)
{
    const struct bench_problem *p = &l->problem[x->problem], *q = &l->problem[y->problem];
    if (x->backend != y->backend || x->cache != y->cache || x->impl != y->impl || x->ntile != y->ntile) return false;
    if (p->entry != q->entry || p->seed != q->seed) return false;
    for (uint32_t i = 0; i < x->ntile; i++) {
        const struct tile_value *t = &l->tile[x->tile + i], *u = &l->tile[y->tile + i];
        if (t->name != u->name || t->value != u->value) return false;
    }
    return memcmp(p->params, q->params, p->block->op->param_bytes) == 0;
}

/* A pair that times one case against itself is a mistake: a tile, say, that the implementation of a backend lacks.  Items
 * of the pair: from `first` on. */
static int check_different(struct reader *r, const struct node *map, const struct suite_pair *p, uint32_t first)
{
    const struct case_list *l = r->load->list;
    const struct suite_block *a = p->part[0][0], *b = p->part[1][0];
    if (p->npart[0] != 1 || p->npart[1] != 1) return 0;
    for (uint32_t i = first; i < l->nitem; i++)
        for (uint32_t k = i + 1; k < l->nitem && l->problem[l->item[i].problem].block == a; k++) {
            const struct bench_case *x = &l->item[i], *y = &l->item[k];
            if (l->problem[y->problem].block != b || !same_case(l, x, y)) continue;
            if (x->variant != y->variant && a->ncase[x->backend] != 1 && b->ncase[x->backend] != 1) continue;
            return fail_at(r, map, "'a' and 'b' are the same case on %s", backend_names[x->backend]);
        }
    return 0;
}

static int read_pair(struct reader *r, const struct node *map)
{
    struct suite *suite = r->suite;
    const uint32_t first = suite->nblock, first_item = r->load->list->nitem;
    bool whole = false;
    if (map->kind != NODE_MAP) return fail_type(r, map, "pairs", "a list of maps");
    int rc = check_keys(r, map, "a pair", pair_keys, MXB_COUNT(pair_keys));
    if (rc) return rc;
    struct suite_pair *p = pool_alloc(r->load->pool, sizeof *p);
    if (!p) return fail_memory(r);
    rc = read_texts(r, map, p);
    r->common = map_get(map, "common");
    if (rc == 0 && r->common) rc = check_case_keys(r, r->common, "common");
    if (rc == 0) rc = read_arms(r, map, p, &whole);
    if (rc == 0 && r->common) rc = check_defaults_used(r, r->common, suite->block[suite->nblock - 1].op);
    r->common = NULL;
    if (rc || !whole) return rc;                     /* what is left of a pair is ordinary cases */
    for (uint32_t i = first; i < suite->nblock; i++) suite->block[i].pair = p;
    rc = match_arms(r, map, p);
    return rc ? rc : check_different(r, map, p, first_item);
}

int read_pairs(struct reader *r, const struct node *pairs)
{
    if (pairs->kind != NODE_LIST) return fail_type(r, pairs, "pairs", "a list");
    if (pairs->n == 0) return fail_at(r, pairs, "'pairs' is an empty list");
    for (uint32_t i = 0; i < pairs->n; i++) {
        const int rc = read_pair(r, pairs->u.item[i]);
        if (rc) return rc;
    }
    return 0;
}
