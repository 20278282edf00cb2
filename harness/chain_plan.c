/* Plans for the steps of a chain: their implementations and tiles, and which buffers they share (chain.h). */
#include "harness/arena.h"
#include "harness/chain.h"
#include "harness/text.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The first of the preferred implementations that the language has; -1 = as the op prefers. */
static int step_impl(const struct chain_step *s, const char *lang)
{
    for (uint32_t i = 0; i < s->nimpl; i++)
        for (uint32_t k = 0; k < s->op->nimpl; k++)
            if (strcmp(s->op->impl[k].name, s->impl[i]) == 0 && text_has_word(s->op->impl[k].lang, lang)) return (int)k;
    return -1;
}

/* A tensor whose shape depends on tiles is known to fit only now. */
static int check_sizes(const struct chain_step *s, const struct plan *head, const struct plan *p, char *why,
                       size_t whylen)
{
    for (uint32_t i = 0; i < s->nlink; i++) {
        const struct chain_link *l = &s->link[i];
        const struct plan *source = plan_at(head, l->from.step);
        const uint64_t want = problem_bytes(&p->pr, l->tensor), have = problem_bytes(&source->pr, l->from.tensor);
        if (want == have) continue;
        snprintf(why, whylen, "%s has %" PRIu64 " bytes, %s.%s has %" PRIu64, p->pr.op->tensor[l->tensor].name, want,
                 source->name, source->pr.op->tensor[l->from.tensor].name, have);
        return MXB_EINVAL;
    }
    return 0;
}

/* Plans step k and appends it to the list, whose last plan is `last`. */
static int plan_step(const struct chain_problem *cp, uint32_t k, const char *lang, const struct mxb_caps *caps,
                     struct arena *a, struct plan **head, struct plan **last, char *why, size_t whylen)
{
    const struct chain_step *s = &cp->chain->step[k];
    struct plan *p = arena_alloc(a, sizeof(*p));
    if (!p) {
        snprintf(why, whylen, "out of memory");
        return MXB_ENOMEM;
    }
    const int rc = plan_make(&cp->pr[k], lang, caps, step_impl(s, lang), s->tile, s->ntile, p, why, whylen);
    if (rc) return rc;
    memcpy(p->from, cp->from[k], sizeof(p->from));
    memcpy(p->name, s->name, sizeof(p->name));
    p->aside = s->aside;
    if (*last)
        (*last)->next = p;
    else
        *head = p;
    *last = p;
    return check_sizes(s, *head, p, why, whylen);
}

int chain_plan(const struct chain_problem *cp, const char *lang, const struct mxb_caps *caps, struct arena *a,
               struct plan **out, char *why, size_t whylen)
{
    struct plan *last = NULL;
    uint32_t launches = 0;
    *out = NULL;
    for (uint32_t k = 0; k < cp->n; k++) {
        char text[MXB_ERRLEN];
        int rc = plan_step(cp, k, lang, caps, a, out, &last, text, sizeof(text));
        if (rc == 0 && (launches += last->nstep) > PLAN_MAX_LAUNCHES) {
            snprintf(text, sizeof(text), "the chain has more than %d launches", PLAN_MAX_LAUNCHES);
            rc = MXB_EINVAL;
        }
        if (rc == 0) continue;
        snprintf(why, whylen, "%s: %.*s", cp->chain->step[k].name, MXB_ERRLEN - CHAIN_NAME - 8, text);
        return rc;
    }
    const double memory = chain_memory(cp);
    if (memory <= (double)caps->mem_bytes) return 0;
    snprintf(why, whylen, "needs %.0f bytes of device memory, the device has %" PRIu64, memory, caps->mem_bytes);
    return MXB_EUNSUP;
}
