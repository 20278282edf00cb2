/* `in:` of a chain's step, which links its inputs to tensors of earlier steps, and the claims of a chain's `check:`. */
#include "harness/chain_read.h"
#include "harness/quote.h"
#include <stdio.h>
#include <string.h>

static const char *const claim_keys[] = { "agree", "same_bits", "nrmse" }; /* by enum chain_claim_kind */
static const char *const pair_keys[] = { "of", "to" };
static const char *const nrmse_keys[] = { "of", "to", "min", "max" };

static const struct mxb_tensor *tensor_of(const struct chain *c, struct chain_ref ref)
{
    return &c->step[ref.step].op->tensor[ref.tensor];
}

static bool is_output(const struct mxb_tensor *t) { return t->role == MXB_OUT || t->role == MXB_INOUT; }

static enum mxb_dtype dtype_in(const struct chain *c, struct chain_ref ref, uint32_t variant)
{
    const int dt = tensor_of(c, ref)->dtype;
    return dt >= 0 ? (enum mxb_dtype)dt : c->step[ref.step].entry[variant]->dt[MXB_T - dt];
}

/* ---- "step.tensor" ---- */

static int find_tensor(struct reader *r, const struct node *n, const struct mxb_op *op, const char *name, uint8_t *out)
{
    const char *names[MXB_MAX_BIND];
    for (uint32_t t = 0; t < op->ntensor; t++) {
        names[t] = op->tensor[t].name;
        if (strcmp(names[t], name) != 0) continue;
        *out = (uint8_t)t;
        return 0;
    }
    const struct node word = {
        .kind = NODE_TEXT, .line = n->line, .col = n->col, .n = (uint32_t)strlen(name), .u.text = name
    };
    return fail_unknown(r, &word, "tensor", names, op->ntensor);
}

/* A tensor of one of the first `end` steps. */
static int read_ref(struct reader *r, const struct node *n, const char *key, const struct chain *c, uint32_t end,
                    struct chain_ref *out)
{
    const char *names[CHAIN_MAX_STEPS], *dot = n->kind == NODE_TEXT ? strchr(n->u.text, '.') : NULL;
    if (!dot || dot == n->u.text || !dot[1]) return fail_type(r, n, key, "STEP.TENSOR");
    const size_t len = (size_t)(dot - n->u.text);
    for (uint32_t k = 0; k < c->nstep; k++) {
        names[k] = c->step[k].name;
        if (strlen(names[k]) != len || memcmp(names[k], n->u.text, len) != 0) continue;
        if (k >= end)
            return fail_at(r, n, "step '%s' comes later: only tensors of earlier steps can be linked", names[k]);
        out->step = (uint8_t)k;
        const int rc = find_tensor(r, n, c->step[k].op, dot + 1, &out->tensor);
        if (rc == 0 && tensor_of(c, *out)->role == MXB_SCRATCH)
            return fail_at(r, n, "'%s' is scratch memory", n->u.text);
        return rc;
    }
    char word[QUOTE_LEN];
    snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : sizeof word - 1), n->u.text);
    const struct node step = {
        .kind = NODE_TEXT, .line = n->line, .col = n->col, .n = (uint32_t)strlen(word), .u.text = word
    };
    return fail_unknown(r, &step, "step", names, end);
}

/* ---- in: ---- */

/* A buffer that a step changes in place holds from then on that step's output and no longer what was there. */
static int check_in_place(struct reader *r, const struct node *n, const struct chain *c, uint32_t k,
                          const struct chain_link *l)
{
    const bool changes = is_output(&c->step[k].op->tensor[l->tensor]);
    if (changes && !is_output(tensor_of(c, l->from)))
        return fail_at(r, n, "'%s' changes '%s' in place, which must be an output of an earlier step", c->step[k].name,
                       n->u.text);
    for (uint32_t s = 0; s <= k; s++)
        for (uint32_t i = 0; i < c->step[s].nlink; i++) {
            const struct chain_link *o = &c->step[s].link[i];
            if (o == l || o->from.step != l->from.step || o->from.tensor != l->from.tensor) continue;
            if (is_output(&c->step[s].op->tensor[o->tensor]))
                return fail_at(r, n, "'%s' was changed in place by step '%s'", n->u.text, c->step[s].name);
            if (changes && s == k)
                return fail_at(r, n, "'%s' is changed in place by the step that reads it", n->u.text);
        }
    return 0;
}

static int read_link(struct reader *r, const struct pair *pair, struct chain *c, uint32_t k, struct chain_link *l)
{
    const struct node *n = pair->value;
    const struct chain_ref own = { (uint8_t)k, l->tensor };
    if (tensor_of(c, own)->role != MXB_IN && tensor_of(c, own)->role != MXB_INOUT)
        return fail_at(r, pair->key, "'%s' is no input of op '%s'", pair->key->u.text, c->step[k].op->name);
    int rc = read_ref(r, n, "in", c, k, &l->from);
    for (uint32_t v = 0; v < c->op.nentry && rc == 0; v++) {
        const enum mxb_dtype have = dtype_in(c, l->from, v), want = dtype_in(c, own, v);
        if (have != want)
            rc = fail_at(r, n, "'%s' is %s, '%s' of step '%s' is %s", n->u.text, mxb_dtype_name(have),
                         pair->key->u.text, c->step[k].name, mxb_dtype_name(want));
    }
    return rc ? rc : check_in_place(r, n, c, k, l);
}

int read_links(struct reader *r, const struct node *map, struct chain *c, uint32_t k)
{
    struct chain_step *s = &c->step[k];
    const struct node *in = map_get(map, "in");
    if (!in) return 0;
    if (in->kind != NODE_MAP) return fail_type(r, in, "in", "a map of tensors");
    struct chain_link *link = pool_alloc(r->load->pool, in->n * sizeof *link);
    if (!link) return fail_memory(r);
    s->link = link;
    for (uint32_t i = 0; i < in->n; i++) {
        const struct pair *pair = &in->u.pair[i];
        link[i] = (struct chain_link){ .line = pair->value->line, .col = pair->value->col };
        int rc = find_tensor(r, pair->key, s->op, pair->key->u.text, &link[i].tensor);
        if (rc == 0) rc = read_link(r, pair, c, k, &link[i]);
        if (rc) return rc;
        s->nlink++;
    }
    return 0;
}

/* ---- claims ---- */

static int check_claim_types(struct reader *r, const struct node *n, const struct chain *c, const struct chain_claim *l)
{
    const struct mxb_tensor *of = tensor_of(c, l->of), *to = tensor_of(c, l->to);
    for (uint32_t v = 0; v < c->op.nentry; v++) {
        const enum mxb_dtype x = dtype_in(c, l->of, v), y = dtype_in(c, l->to, v);
        if (l->kind == CLAIM_SAME_BITS && x != y)
            return fail_at(r, n, "'same_bits' of %s and %s", mxb_dtype_name(x), mxb_dtype_name(y));
        if (l->kind != CLAIM_SAME_BITS && (mxb_unit(x) == 0 || mxb_unit(y) == 0))
            return fail_at(r, n, "'%s' needs tensors of floating type, integers can have 'same_bits'",
                           claim_keys[l->kind]);
    }
    if (l->kind == CLAIM_AGREE && (!is_output(of) || !is_output(to)))
        return fail_at(r, n, "'agree' compares outputs, '%s' is none", is_output(of) ? to->name : of->name);
    return 0;
}

static int read_claim(struct reader *r, const struct node *map, enum chain_claim_kind kind, struct chain *c)
{
    const struct node *of, *to, *min, *max;
    struct chain_claim *l = &c->claim[c->nclaim];
    if (map->kind != NODE_MAP) return fail_type(r, map, claim_keys[kind], "{of: STEP.TENSOR, to: STEP.TENSOR}");
    if (c->nclaim == CHAIN_MAX_CLAIMS) return fail_at(r, map, "a chain has at most %d claims", CHAIN_MAX_CLAIMS);
    *l = (struct chain_claim){ .kind = kind, .line = map->line, .col = map->col };
    int rc = kind == CLAIM_NRMSE ? check_keys(r, map, "'nrmse'", nrmse_keys, MXB_COUNT(nrmse_keys))
                                 : check_keys(r, map, "a comparison", pair_keys, MXB_COUNT(pair_keys));
    if (rc) return rc;
    if (!(of = map_get(map, "of")) || !(to = map_get(map, "to")))
        return fail_at(r, map, "'%s' needs 'of' and 'to'", claim_keys[kind]);
    rc = read_ref(r, of, "of", c, c->nstep, &l->of);
    if (rc == 0) rc = read_ref(r, to, "to", c, c->nstep, &l->to);
    if (rc) return rc;
    if (l->of.step == l->to.step && l->of.tensor == l->to.tensor)
        return fail_at(r, to, "'%s' of a tensor with itself", claim_keys[kind]);
    if (kind == CLAIM_NRMSE) {
        if (!(max = map_get(map, "max"))) return fail_at(r, map, "'nrmse' needs 'max'");
        rc = read_double(r, max, "max", 0, 100, &l->max);
        if (rc == 0 && (min = map_get(map, "min"))) rc = read_double(r, min, "min", 0, l->max, &l->min);
    }
    if (rc == 0) rc = check_claim_types(r, map, c, l);
    if (rc == 0) c->nclaim++;
    return rc;
}

int read_claims(struct reader *r, const struct node *check, struct case_spec *cs)
{
    for (enum chain_claim_kind kind = CLAIM_AGREE; kind <= CLAIM_NRMSE; kind++) {
        const struct node *n = map_get(check, claim_keys[kind]);
        if (!n) continue;
        if (!cs->chain) return fail_at(r, n, "'%s' is for a chain, and this case is none", claim_keys[kind]);
        const bool list = n->kind == NODE_LIST;
        if (list && n->n == 0) return fail_at(r, n, "'%s' is an empty list", claim_keys[kind]);
        for (uint32_t i = 0; i < (list ? n->n : 1); i++) {
            const int rc = read_claim(r, list ? n->u.item[i] : n, kind, cs->chain);
            if (rc) return rc;
        }
    }
    return 0;
}
