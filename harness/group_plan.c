/* The cases of one problem and the devices for them: which can run, and how (group.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/group.h"

void slot_status(struct slot *s, enum mxb_status st, const char *text)
{
    s->status = st;
    snprintf(s->reason, sizeof(s->reason), "%s", text);
}

static void plan_slot(struct group *g, struct slot *s)
{
    const struct bench_case *c = s->item;
    char why[MXB_ERRLEN];
    const uint64_t mark = arena_mark(g->arena);
    if (!s->dev) {
        slot_status(s, ST_SKIP, g->devices->missing[c->backend]);
        return;
    }
    int rc = g->steps ? chain_plan(g->steps, s->dev->be->lang, &s->dev->caps, g->arena, &s->plan, why, sizeof(why)) : 0;
    if (!g->steps) {
        s->plan = arena_alloc(g->arena, sizeof(*s->plan));
        if (!s->plan) {
            slot_status(s, ST_ERROR, "out of memory");
            return;
        }
        rc = plan_make(&g->pr, s->dev->be->lang, &s->dev->caps, c->impl, g->list->tile + c->tile, c->ntile, s->plan, why,
                       sizeof(why));
    }
    if (rc == 0) return;
    slot_status(s, rc == MXB_EUNSUP ? ST_SKIP : rc == MXB_ENOENT ? ST_UNIMPLEMENTED : ST_ERROR, why);
    if (rc != MXB_EUNSUP) {          /* a skipped case still shows its impl and tile */
        s->plan = NULL;
        arena_release(g->arena, mark);
    }
}

static int add_slot(struct group *g, const struct bench_case *c, struct device *d)
{
    if (g->skip && g->skip(g->ctx, g, c, d)) return 0;
    if (g->nslot == g->cap) {
        const uint32_t cap = g->cap ? g->cap * 2 : 16;
        struct slot *p = realloc(g->slot, cap * sizeof(*p));
        if (!p) return MXB_ENOMEM;
        g->slot = p;
        g->cap = cap;
    }
    g->slot[g->nslot++] = (struct slot){ .item = c, .dev = d, .bad_fill = -1, .status = ST_PASS, .nrmse = NAN };
    return 0;
}

static int chain_steps(struct group *g, char *err, size_t errlen)
{
    g->steps = arena_alloc(g->arena, sizeof(*g->steps));
    if (g->steps) return chain_problem_init(g->steps, &g->pr, err, errlen);
    snprintf(err, errlen, "out of memory");
    return MXB_ENOMEM;
}

int group_begin(struct group *g, uint32_t first, uint32_t n, char *err, size_t errlen)
{
    const struct bench_problem *bp = &g->list->problem[g->list->item[first].problem];
    int rc = 0;
    g->bp = bp;
    g->steps = NULL;
    g->normal = NULL;
    g->nslot = g->nfinished = 0;
    g->oracle_ns = 0;
    g->oracles = 0;
    void *params = arena_alloc(g->arena, bp->block->op->param_bytes);
    if (!params) rc = MXB_ENOMEM;
    else memcpy(params, bp->params, bp->block->op->param_bytes);
    if (rc == 0) rc = problem_init(&g->pr, bp->block->op, bp->entry, params, bp->seed, MXB_FILL_NORMAL, err, errlen);
    else snprintf(err, errlen, "out of memory");
    if (rc == 0 && chain_of(g->pr.op)) rc = chain_steps(g, err, errlen);
    for (uint32_t i = first; i < first + n && rc == 0; i++) {
        const struct bench_case *c = &g->list->item[i];
        bool any = false;
        for (uint32_t d = 0; d < g->devices->n && rc == 0; d++) {
            if (g->devices->device[d].backend != c->backend) continue;
            rc = add_slot(g, c, &g->devices->device[d]);
            any = true;
        }
        /* A backend whose devices were all deselected has no row; one without any device says why. */
        if (!any && *g->devices->missing[c->backend] && rc == 0) rc = add_slot(g, c, NULL);
        if (rc) snprintf(err, errlen, "out of memory");
    }
    for (uint32_t i = 0; i < g->nslot && rc == 0; i++) plan_slot(g, &g->slot[i]);
    if (rc == 0) {
        g->flops = g->pr.op->flops ? g->pr.op->flops(&g->pr) : 0;
        g->bytes = problem_min_bytes(&g->pr);
    }
    return rc;
}

void group_end(struct group *g)
{
    for (uint32_t i = 0; i < g->nslot; i++)
        for (uint32_t r = 0; r < g->slot[i].nround; r++) free(g->slot[i].round[r]);
    free(g->slot);
    free(g->normal);
    g->normal = NULL;
    g->slot = NULL;
    g->nslot = g->cap = 0;
}
