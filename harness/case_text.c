/* The texts of a case: the line that --filter matches and the id is made of, JSON, and a suite of just this case. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/chain_text.h"
#include "harness/ops.h"
#include "harness/suite.h"
#include "harness/suite_read.h"
#include "harness/text.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

static void put_params(struct text *t, const struct mxb_op *op, const void *params)
{
    for (uint32_t i = 0; i < op->nparam; i++) {
        char v[64];
        param_text(&op->param[i], param_get(&op->param[i], params), v, sizeof v);
        if (i) text_put(t, " ");
        text_put(t, op->param[i].name);
        text_put(t, "=");
        text_put(t, v);
    }
}

int params_text(const struct mxb_op *op, const void *params, char *out, size_t n)
{
    struct text t = text_begin(out, n);
    put_params(&t, op, params);
    return t.len;
}

int params_json(const struct mxb_op *op, const void *params, char *out, size_t n)
{
    struct text t = text_begin(out, n);
    text_put(&t, "{");
    for (uint32_t i = 0; i < op->nparam; i++) {
        const struct mxb_param *p = &op->param[i];
        const uint32_t bits = param_get(p, params);
        char v[64];
        size_t len;
        const bool quoted = p->type == 'e' && enum_name(p->names, bits, &len);
        param_text(p, bits, v, sizeof v);
        if (p->type == 'f' && !isfinite(param_val(p, bits).d)) snprintf(v, sizeof v, "null");
        text_putf(&t, "%s\"%s\":", i ? "," : "", p->name);
        text_putf(&t, quoted ? "\"%s\"" : "%s", v);
    }
    text_put(&t, "}");
    return t.len;
}

static const char *impl_name(const struct bench_problem *pr, const struct bench_case *c)
{
    return c->impl < 0 ? "auto" : pr->block->op->impl[c->impl].name;
}

int case_text(const struct case_list *list, const struct bench_case *c, char *out, size_t n)
{
    const struct bench_problem *pr = &list->problem[c->problem];
    struct text t = text_begin(out, n);
    text_put(&t, pr->entry->name);
    text_put(&t, pr->block->op->nparam ? " " : "");
    put_params(&t, pr->block->op, pr->params);
    text_putf(&t, " seed=%llu", (unsigned long long)pr->seed);
    text_putf(&t, " %s ", backend_names[c->backend]);
    text_put(&t, impl_name(pr, c));
    for (uint32_t i = 0; i < c->ntile; i++) {
        const struct tile_value *v = &list->tile[c->tile + i];
        text_putf(&t, " %s=%d", v->name, v->value);
    }
    text_putf(&t, " %s", cache_names[c->cache]);
    return t.len;
}

uint64_t case_hash(const struct case_list *list, const struct bench_case *c)
{
    char text[4096];
    const size_t len = (size_t)case_text(list, c, text, sizeof text);
    if (len < sizeof text) return XXH3_64bits(text, len);
    char *longer = malloc(len + 1);                  /* only an op with very long names */
    if (!longer) return XXH3_64bits(text, sizeof text - 1);
    case_text(list, c, longer, len + 1);
    const uint64_t hash = XXH3_64bits(longer, len);
    free(longer);
    return hash;
}

/* --- the inline case --- */

/* A chain's parameters are those that are given, so it has them all. */
static void put_changed_params(struct text *t, const struct bench_problem *pr)
{
    const struct mxb_op *op = pr->block->op;
    const bool all = chain_of(op) != NULL;
    unsigned char usual[MXB_MAX_PUSH];
    int n = 0;
    ops_defaults(op, usual);
    for (uint32_t i = 0; i < op->nparam; i++) {
        const struct mxb_param *p = &op->param[i];
        const uint32_t bits = param_get(p, pr->params);
        char v[64];
        if (!all && bits == param_get(p, usual)) continue;
        param_text(p, bits, v, sizeof v);
        text_put(t, n++ ? ", " : ", params: {");
        text_putf(t, "%s: %s", p->name, v);
    }
    if (n) text_put(t, "}");
}

/* One "key: value" of a map that is opened by its first member. */
__attribute__((format(printf, 4, 5)))
static void put_member(struct text *t, int *n, const char *open, const char *fmt, ...)
{
    char s[96];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s, sizeof s, fmt, ap);
    va_end(ap);
    text_put(t, (*n)++ ? ", " : open);
    text_put(t, s);
}

static void put_same(struct text *t, const struct suite_same *same)
{
    text_put(t, "same_bits_as: {");
    for (uint32_t i = 0; i < same->n; i++) {
        const struct mxb_param *p = &same->op->param[same->v[i].param];
        char v[64];
        param_text(p, same->v[i].bits, v, sizeof v);
        text_putf(t, "%s%s: ", i ? ", " : "", p->name);
        if (same->v[i].e) text_quoted(t, same->v[i].text);
        else text_put(t, v);
    }
    text_put(t, "}");
}

static void put_check(struct text *t, const struct mxb_op *op, const struct check_opts *o, int fill)
{
    const uint32_t fills = fill < 0 ? o->fills : 1u << fill;
    const char *const open = ", check: {";
    int n = 0;
    if (!o->enabled) {
        text_put(t, ", check: false");
        return;
    }
    for (uint32_t f = 0, k = 0; f < MXB_NFILL && fills != op->fills; f++) {
        if (!(fills >> f & 1)) continue;
        if (k++ == 0) put_member(t, &n, open, "fills: [%s", fill_names[f]);
        else text_putf(t, ", %s", fill_names[f]);
    }
    if (n) text_put(t, "]");
    if (o->sampled) put_member(t, &n, open, "sampled: %llu", (unsigned long long)o->sampled);
    if (o->reason) {
        put_member(t, &n, open, "tolerance: %.17g, reason: ", o->tolerance);
        text_quoted(t, o->reason);
    }
    if (o->same) {
        put_member(t, &n, open, "%s", "");
        put_same(t, o->same);
    }
    for (enum chain_claim_kind k = CLAIM_AGREE; chain_of(op) && k <= CLAIM_NRMSE; k++) {
        struct text none = text_begin(NULL, 0);
        if (!chain_claims_text(&none, chain_of(op), k)) continue;
        put_member(t, &n, open, "%s", "");
        chain_claims_text(t, chain_of(op), k);
    }
    if (n) text_put(t, "}");
}

static void put_bench(struct text *t, const struct bench_opts *o, int cache)
{
    const struct bench_opts usual = bench_defaults();
    const char *const open = ", bench: {";
    int n = 0;
    if (!o->enabled) {
        text_put(t, ", bench: false");
        return;
    }
    if (!(usual.cache >> cache & 1)) put_member(t, &n, open, "cache: [%s]", cache_names[cache]);
    if (o->rounds != usual.rounds) put_member(t, &n, open, "rounds: %u", o->rounds);
    if (o->min_time_ns != usual.min_time_ns) put_member(t, &n, open, "min_time: %.15gus", o->min_time_ns / 1e3);
    if (o->max_time_ns != usual.max_time_ns) put_member(t, &n, open, "max_time: %.15gus", o->max_time_ns / 1e3);
    if (n) text_put(t, "}");
}

int case_inline(const struct case_list *list, const struct bench_case *c, int fill, char *out, size_t n)
{
    const struct bench_problem *pr = &list->problem[c->problem];
    const struct mxb_op *op = pr->block->op;
    struct text t = text_begin(out, n);
    text_put(&t, "{");
    if (chain_of(op)) {
        chain_text(&t, chain_of(op), (uint32_t)(pr->entry - op->entry));
    } else {
        text_put(&t, "op: ");
        text_put(&t, op->name);
        text_put(&t, ", entries: [");
        text_put(&t, pr->entry->name);
        text_put(&t, "]");
    }
    put_changed_params(&t, pr);
    text_putf(&t, ", seed: %llu", (unsigned long long)pr->seed);
    text_putf(&t, ", backends: [%s]", backend_names[c->backend]);
    if (c->impl >= 0) {
        text_put(&t, ", impl: [");
        text_put(&t, impl_name(pr, c));
        text_put(&t, "]");
    }
    for (uint32_t i = 0; i < c->ntile; i++) {
        const struct tile_value *v = &list->tile[c->tile + i];
        text_put(&t, i ? ", " : ", tile: {");
        text_putf(&t, "%s: %d", v->name, v->value);
    }
    if (c->ntile) text_put(&t, "}");
    put_check(&t, op, &pr->block->check, fill);
    put_bench(&t, &pr->block->bench, c->cache);
    text_put(&t, "}");
    return t.len;
}
