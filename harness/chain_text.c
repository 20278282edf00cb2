/* The text of a chain, from which its case can be run again, and the version that tells two chains of one name apart.
 */
#include "harness/chain_text.h"
#include "harness/suite_read.h"
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static void put_ref(struct text *t, const struct chain *c, struct chain_ref ref)
{
    text_putf(t, "%s.", c->step[ref.step].name);
    text_put(t, c->step[ref.step].op->tensor[ref.tensor].name);
}

static void put_values(struct text *t, const struct chain_step *s)
{
    for (uint32_t i = 0; i < s->nvalue; i++) {
        const struct mxb_param *p = &s->op->param[s->value[i].param];
        char v[64];
        param_text(p, s->value[i].bits, v, sizeof v);
        text_put(t, i ? ", " : ", params: {");
        text_putf(t, "%s: ", p->name);
        if (s->value[i].e)
            text_quoted(t, s->value[i].text);
        else
            text_put(t, v);
    }
    if (s->nvalue) text_put(t, "}");
}

static void put_links(struct text *t, const struct chain *c, const struct chain_step *s)
{
    for (uint32_t i = 0; i < s->nlink; i++) {
        text_put(t, i ? ", " : ", in: {");
        text_putf(t, "%s: ", s->op->tensor[s->link[i].tensor].name);
        put_ref(t, c, s->link[i].from);
    }
    if (s->nlink) text_put(t, "}");
}

/* entry NULL = leave it out. */
static void put_step(struct text *t, const struct chain *c, const struct chain_step *s, const char *entry)
{
    text_putf(t, "{as: %s, op: ", s->name);
    text_put(t, s->op->name);
    if (entry) {
        text_put(t, s->listed ? ", entry: [" : ", entry: ");
        text_put(t, entry);
        text_put(t, s->listed ? "]" : "");
    }
    put_values(t, s);
    put_links(t, c, s);
    for (uint32_t i = 0; i < s->nimpl; i++) text_putf(t, "%s%s", i ? ", " : ", impl: [", s->impl[i]);
    if (s->nimpl) text_put(t, "]");
    for (uint32_t i = 0; i < s->ntile; i++)
        text_putf(t, "%s%s: %d", i ? ", " : ", tile: {", s->tile[i].name, s->tile[i].value);
    text_put(t, s->ntile ? "}}" : "}");
}

void chain_text(struct text *t, const struct chain *c, uint32_t variant)
{
    text_put(t, "chain: ");
    text_put(t, c->op.name);
    for (uint32_t k = 0; k < c->nstep; k++) {
        const bool first = k == 0 || c->step[k].aside != c->step[k - 1].aside;
        text_put(t, !first ? ", " : c->step[k].aside ? "], against: [" : ", steps: [");
        put_step(t, c, &c->step[k], c->step[k].entry[variant]->name);
    }
    text_put(t, "]");
}

bool chain_claims_text(struct text *t, const struct chain *c, enum chain_claim_kind kind)
{
    static const char *const key[] = {
        [CLAIM_AGREE] = "agree", [CLAIM_SAME_BITS] = "same_bits", [CLAIM_NRMSE] = "nrmse"
    };
    int n = 0;
    for (uint32_t i = 0; i < c->nclaim; i++) {
        const struct chain_claim *l = &c->claim[i];
        if (l->kind != kind) continue;
        if (n++ == 0)
            text_putf(t, "%s: [", key[kind]);
        else
            text_put(t, ", ");
        text_put(t, "{of: ");
        put_ref(t, c, l->of);
        text_put(t, ", to: ");
        put_ref(t, c, l->to);
        if (kind == CLAIM_NRMSE && l->min > 0) text_putf(t, ", min: %.17g", l->min);
        if (kind == CLAIM_NRMSE) text_putf(t, ", max: %.17g", l->max);
        text_put(t, "}");
    }
    if (n) text_put(t, "]");
    return n > 0;
}

static void put_identity(struct text *t, const struct chain *c)
{
    for (uint32_t k = 0; k < c->nstep && !c->step[k].aside; k++) {
        const struct chain_step *s = &c->step[k];
        text_putf(t, "%u ", s->op->def_version);
        put_step(t, c, s, s->listed ? NULL : s->entry[0]->name);
    }
}

/* Entries that vary are in the names of the chain's own entries. */
uint32_t chain_version(const struct chain *c)
{
    struct text count = text_begin(NULL, 0);
    put_identity(&count, c);
    char *text = malloc((size_t)count.len + 1);
    if (!text) return 0;
    struct text t = text_begin(text, (size_t)count.len + 1);
    put_identity(&t, c);
    const uint32_t version = (uint32_t)XXH3_64bits(text, (size_t)t.len);
    free(text);
    return version;
}
