/* From a problem to launches on one device (plan.h). */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include "harness/nearest.h"
#include "harness/plan.h"
#include "harness/text.h"

static int add_spec(struct plan *p, const char *name, uint32_t id, char type, int64_t value, char *why, size_t whylen)
{
    if (p->nspec == MXB_MAX_SPEC || value < INT32_MIN || value > INT32_MAX) {
        snprintf(why, whylen, "constant %s = %lld does not fit", name, (long long)value);
        return MXB_EINVAL;
    }
    p->spec[p->nspec++] = (struct mxb_spec){ name, id, type, (int32_t)value };
    return 0;
}

static int64_t tile_override(const struct tile_value *tile, uint32_t ntile, const char *name, bool *found)
{
    *found = false;
    for (uint32_t i = 0; i < ntile; i++)
        if (strcmp(tile[i].name, name) == 0) {
            *found = true;
            return tile[i].value;
        }
    return 0;
}

/* Tiles first (contract constants may depend on them), then both in the order that kernels see: consts, tiles. */
static int resolve_constants(struct plan *p, const struct tile_value *tile, uint32_t ntile, bool cpu, char *why, size_t whylen)
{
    const struct mxb_impl *im = p->impl;
    const struct mxb_entry *e = p->pr.entry;
    int64_t value[MXB_MAX_SPEC] = { 0 };
    char err[256];
    int len = 0;
    assert(im->ntile < MXB_MAX_SPEC);
    p->tile_text[0] = 0;
    for (uint32_t i = 0; i < im->ntile; i++) {
        bool given;
        value[i] = tile_override(tile, ntile, im->tile[i].name, &given);
        if (!given && scope_eval(&p->scope, im->tile[i].def, &value[i], err, sizeof(err))) {
            snprintf(why, whylen, "default of tile %s: %s", im->tile[i].name, err);
            return MXB_EINVAL;
        }
        scope_add(&p->scope, im->tile[i].name, val_int(value[i]));
        if ((size_t)len < sizeof(p->tile_text))
            len += snprintf(p->tile_text + len, sizeof(p->tile_text) - (size_t)len, "%s%s=%lld", len ? " " : "",
                            im->tile[i].name, (long long)value[i]);
    }
    if (cpu) {                       /* CPU code reads what GPU code gets as macros */
        static const char *const slot[3] = { "DTYPE", "DTYPE2", "DTYPE3" };
        for (uint32_t i = 0; i < 3; i++)
            if (add_spec(p, slot[i], 0, 'i', e->dt[i], why, whylen)) return MXB_EINVAL;
        for (const char *c = e->consts; c && *c; ) {
            char name[32];
            long long v;
            int used = 0;
            if (sscanf(c, " %31[^= ]=%lld%n", name, &v, &used) != 2) break;
            if (add_spec(p, "", 0, 'i', v, why, whylen)) return MXB_EINVAL;
            c += used;
        }
    }
    for (uint32_t i = 0; i < im->nconst; i++) {
        const struct mxb_const *c = &im->consts[i];
        int64_t v;
        if (scope_eval(&p->scope, c->value, &v, err, sizeof(err))) {
            snprintf(why, whylen, "constant %s: %s", c->name, err);
            return MXB_EINVAL;
        }
        scope_add(&p->scope, c->name, val_int(v));
        if (c->type == 'b') p->bools[p->nbool++] = (struct reg_bool){ c->id, v != 0 };
        else p->ints[p->nint++] = (struct reg_int){ c->id, (int32_t)v };
        if (add_spec(p, c->name, c->id, c->type, c->type == 'b' ? v != 0 : v, why, whylen)) return MXB_EINVAL;
    }
    for (uint32_t i = 0; i < im->ntile; i++)
        if (add_spec(p, im->tile[i].name, im->tile[i].id, 'i', value[i], why, whylen)) return MXB_EINVAL;
    return 0;
}

static int check_limits(const struct plan *p, char *why, size_t whylen)
{
    char err[256];
    for (uint32_t i = 0; i < p->impl->nlimit; i++) {
        int64_t ok;
        if (scope_eval(&p->scope, p->impl->limit[i].expr, &ok, err, sizeof(err))) {
            snprintf(why, whylen, "limit '%s': %s", p->impl->limit[i].expr, err);
            return MXB_EINVAL;
        }
        if (!ok) {
            snprintf(why, whylen, "%s%s%s%s", p->impl->limit[i].reason, *p->tile_text ? " (" : "", p->tile_text,
                     *p->tile_text ? ")" : "");
            return MXB_EUNSUP;
        }
    }
    return 0;
}

static int eval_or(const struct plan *p, const char *text, int64_t missing, int64_t *out, const char *what, char *why,
                   size_t whylen)
{
    char err[256];
    *out = missing;
    if (!text || scope_eval(&p->scope, text, out, err, sizeof(err)) == 0) return 0;
    snprintf(why, whylen, "%s '%s': %s", what, text, err);
    return MXB_EINVAL;
}

/* Binding order: the kernel's own list of names, or the op's table. */
static int resolve_bindings(const struct plan *p, const struct mxb_kernel *k, struct launch *l, char *why, size_t whylen)
{
    const struct mxb_op *op = p->pr.op;
    l->nbind = 0;
    for (uint32_t t = 0; !k->bind && t < op->ntensor; t++) l->bind[l->nbind++] = (uint8_t)t;
    for (const char *s = k->bind; s && *s; ) {
        s += strspn(s, " ");
        const size_t n = strcspn(s, " ");
        uint32_t t = 0;
        if (!n) break;
        while (t < op->ntensor && (strlen(op->tensor[t].name) != n || memcmp(op->tensor[t].name, s, n) != 0)) t++;
        if (t == op->ntensor || l->nbind == MXB_MAX_BIND) {
            snprintf(why, whylen, "kernel %s binds unknown tensor '%.*s'", k->entry, (int)n, s);
            return MXB_EINVAL;
        }
        l->bind[l->nbind++] = (uint8_t)t;
        s += n;
    }
    return 0;
}

static int resolve_launch(const struct plan *p, const struct mxb_caps *caps, uint32_t index, struct launch *l,
                          bool cpu, char *why, size_t whylen)
{
    const struct mxb_kernel *k = &p->impl->kernel[index];
    int64_t v, wg = 1;
    l->kernel = index;
    int rc = resolve_bindings(p, k, l, why, whylen);
    for (int d = 0; d < 3 && rc == 0; d++) {
        rc = eval_or(p, k->grid[d], 1, &v, "grid", why, whylen);
        if (rc == 0 && (v < 1 || v > caps->max_groups[d])) {
            snprintf(why, whylen, "needs %lld workgroups along axis %d, the device allows %u", (long long)v, d, caps->max_groups[d]);
            rc = v < 1 ? MXB_EINVAL : MXB_EUNSUP;
        }
        if (rc) return rc;
        l->groups[d] = (uint32_t)v;
        rc = eval_or(p, k->local[d], 1, &v, "local size", why, whylen);
        if (rc) return rc;
        wg *= v;
        if (!cpu && (v < 1 || v > caps->max_wg_dim[d] || wg > caps->max_wg)) {
            snprintf(why, whylen, "needs a workgroup of %lld work items, the device allows %u (%s)", (long long)wg, caps->max_wg,
                     p->tile_text);
            return v < 1 ? MXB_EINVAL : MXB_EUNSUP;
        }
        l->local[d] = (uint32_t)v;
    }
    if (rc) return rc;
    rc = eval_or(p, k->local_bytes, 0, &v, "local memory", why, whylen);
    if (rc == 0 && !cpu && v > (int64_t)caps->local_bytes) {
        snprintf(why, whylen, "needs %lld bytes of local memory, the device has %llu (%s)", (long long)v,
                 (unsigned long long)caps->local_bytes, p->tile_text);
        return MXB_EUNSUP;
    }
    if (rc == 0) rc = eval_or(p, k->scratch_bytes, 0, &v, "scratch", why, whylen);
    if (rc) return rc;
    l->scratch_bytes = (uint64_t)v;
    if (l->nbind > caps->max_bind) {
        snprintf(why, whylen, "needs %u buffers per kernel, the device allows %u", l->nbind, caps->max_bind);
        return MXB_EUNSUP;
    }
    return 0;
}

/* A device in the machine's own memory shares it with the program, which has every tensor once, and the check, which takes
 * about as much again. */
enum { COPIES_ON_HOST = 3 };

static int check_sizes(struct plan *p, const struct mxb_caps *caps, char *why, size_t whylen)
{
    const struct mxb_op *op = p->pr.op;
    uint64_t total = 0;
    for (uint32_t t = 0; t < op->ntensor; t++) {
        if (op->tensor[t].per_tile &&
            problem_nelem(&p->pr, t, &p->scope, &p->pr.nelem[t], why, whylen)) return MXB_EINVAL;
        const uint64_t bytes = problem_bytes(&p->pr, t);
        total += bytes;
        if (bytes > caps->max_buffer) {
            snprintf(why, whylen, "tensor %s needs %llu bytes, a binding of the device holds %llu", op->tensor[t].name,
                     (unsigned long long)bytes, (unsigned long long)caps->max_buffer);
            return MXB_EUNSUP;
        }
    }
    if (total > caps->mem_bytes) {
        snprintf(why, whylen, "needs %llu bytes of device memory, the device has %llu", (unsigned long long)total,
                 (unsigned long long)caps->mem_bytes);
        return MXB_EUNSUP;
    }
    const uint64_t copies = COPIES_ON_HOST * total;
    if (caps->kind == MXB_KIND_CPU && copies > caps->mem_bytes) {
        snprintf(why, whylen, "needs about %llu bytes of memory with the copies of the check, the machine has %llu",
                 (unsigned long long)copies, (unsigned long long)caps->mem_bytes);
        return MXB_EUNSUP;
    }
    if (op->param_bytes > caps->push_bytes) {
        snprintf(why, whylen, "needs %u bytes of parameters, the device allows %u", op->param_bytes, caps->push_bytes);
        return MXB_EUNSUP;
    }
    return 0;
}

static int plan_impl(const struct mxb_problem *pr, const char *lang, const struct mxb_caps *caps, const struct mxb_impl *im,
                     const struct tile_value *tile, uint32_t ntile, struct plan *p, char *why, size_t whylen)
{
    const bool cpu = strcmp(lang, "c") == 0;
    const uint64_t missing = im->needs & ~caps->features;
    *p = (struct plan){ .pr = *pr, .impl = im };
    if (missing) {
        snprintf(why, whylen, "impl %s needs %s", im->name, mxb_feature_name(missing & -missing));
        return MXB_EUNSUP;
    }
    scope_problem(&p->scope, pr);
    scope_add(&p->scope, "local_bytes", val_int((int64_t)caps->local_bytes));
    scope_add(&p->scope, "max_wg", val_int(caps->max_wg));
    scope_add(&p->scope, "sg", val_int(caps->sg_min));
    scope_add(&p->scope, "sg_max", val_int(caps->sg_max));
    int rc = resolve_constants(p, tile, ntile, cpu, why, whylen);
    if (rc == 0) rc = check_limits(p, why, whylen);
    if (rc == 0) rc = check_sizes(p, caps, why, whylen);
    for (uint32_t i = 0; i < im->nkernel && rc == 0; i++)
        rc = resolve_launch(p, caps, i, &p->step[p->nstep++], cpu, why, whylen);
    return rc;
}

int plan_make(const struct mxb_problem *pr, const char *lang, const struct mxb_caps *caps, int impl,
              const struct tile_value *tile, uint32_t ntile, struct plan *out, char *why, size_t whylen)
{
    const struct mxb_op *op = pr->op;
    const struct mxb_impl *preferred = NULL;
    for (uint32_t i = 0; i < op->nimpl; i++) {
        const struct mxb_impl *im = &op->impl[i];
        if (impl >= 0 ? i != (uint32_t)impl : !text_has_word(im->lang, lang)) continue;
        if (im->entries && !text_has_word(im->entries, pr->entry->name)) continue;
        const int rc = plan_impl(pr, lang, caps, im, tile, ntile, out, why, whylen);
        if (rc == 0) return 0;
        if (!preferred) preferred = im;
        if (rc != MXB_EUNSUP) break;
    }
    /* Of those that cannot, the preferred one is shown, with its tile and its reason. */
    if (preferred) return plan_impl(pr, lang, caps, preferred, tile, ntile, out, why, whylen);
    snprintf(why, whylen, "op %s has no '%s' implementation of %s", op->name, lang, pr->entry->name);
    return MXB_ENOENT;
}

/* ---- plans in a row ---- */

const struct plan *plan_at(const struct plan *p, uint32_t k)
{
    while (k-- > 0) p = p->next;
    return p;
}

uint32_t plan_length(const struct plan *p)
{
    uint32_t n = 0;
    for (; p; p = p->next) n++;
    return n;
}

uint32_t plan_root(const struct plan *head, uint32_t k, uint32_t t)
{
    uint32_t number = plan_tensor(k, t), from;
    while ((from = plan_at(head, number / MXB_MAX_BIND)->from[number % MXB_MAX_BIND]) != 0) number = from - 1;
    return number;
}

const void *plan_content(const struct plan *head, uint32_t k, uint32_t t, void *const *stored, void *const *out)
{
    uint32_t number = plan_tensor(k, t), from;
    while ((from = plan_at(head, number / MXB_MAX_BIND)->from[number % MXB_MAX_BIND]) != 0) {
        number = from - 1;
        if (problem_writes(&plan_at(head, number / MXB_MAX_BIND)->pr, number % MXB_MAX_BIND)) return out[number];
    }
    return stored[number];
}

/* Is it the first of the timed steps that has this implementation? */
static bool is_new_impl(const struct plan *head, const struct plan *p)
{
    for (const struct plan *o = head; o != p; o = o->next)
        if (strcmp(o->impl->name, p->impl->name) == 0) return false;
    return !p->aside;
}

void plan_impl_text(const struct plan *head, char *out, size_t n)
{
    size_t len = 0;
    out[0] = 0;
    for (const struct plan *p = head; p; p = p->next)
        if (is_new_impl(head, p) && len < n)
            len += (size_t)snprintf(out + len, n - len, "%s%s", len ? "+" : "", p->impl->name);
}

void plan_tile_text(const struct plan *head, char *out, size_t n)
{
    size_t len = 0;
    out[0] = 0;
    for (const struct plan *p = head; p && !p->aside; p = p->next) {
        const char *s = p->tile_text;
        while (*s && len < n) {
            const size_t word = strcspn(s, " ");
            len += (size_t)snprintf(out + len, n - len, "%s%s%s%.*s", len ? " " : "", p->name, *p->name ? "." : "",
                                    (int)word, s);
            s += word + strspn(s + word, " ");
        }
    }
}

uint64_t plan_needs(const struct plan *head)
{
    uint64_t needs = 0;
    for (const struct plan *p = head; p && !p->aside; p = p->next) needs |= p->impl->needs;
    return needs;
}
