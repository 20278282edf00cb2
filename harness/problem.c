/* From parameters to tensors: expression scopes, shapes and sizes, and the oracle's items. */
#include "harness/problem.h"
#include "harness/rand.h"
#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- scopes ---- */

static struct val param_value(const struct mxb_param *p, const void *params)
{
    const char *at = (const char *)params + p->off;
    if (p->type == 'f') {
        float f;
        memcpy(&f, at, sizeof f);
        return val_float((double)f);
    }
    uint32_t u;
    memcpy(&u, at, sizeof u);
    return val_int(p->type == 'i' ? (int32_t)u : (int64_t)u);
}

int entry_const_next(const char **text, char name[SCOPE_NAME], int64_t *value)
{
    const char *s = *text ? *text + strspn(*text, " ") : "";
    if (!*s)
        return 0;
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    if (n == 0 || n >= SCOPE_NAME || s[n] != '=')
        return MXB_EINVAL;
    memcpy(name, s, n);
    name[n] = 0;
    char *end;
    errno = 0;
    *value = strtoll(s + n + 1, &end, 10);
    if (end == s + n + 1 || (*end && *end != ' ') || errno)
        return MXB_EINVAL;
    *text = end;
    return 1;
}

int64_t entry_const(const struct mxb_entry *entry, const char *name, int64_t missing)
{
    const char *s = entry->consts;
    char found[SCOPE_NAME];
    int64_t value;
    while (entry_const_next(&s, found, &value) == 1)
        if (strcmp(found, name) == 0)
            return value;
    return missing;
}

static const struct val *scope_find(const struct scope *sc, const char *name)
{
    for (uint32_t i = 0; i < sc->n; i++)
        if (strcmp(sc->name[i], name) == 0)
            return &sc->val[i];
    return NULL;
}

void scope_add(struct scope *sc, const char *name, struct val v)
{
    uint32_t i = 0;
    while (i < sc->n && strcmp(sc->name[i], name) != 0)
        i++;
    assert(i < SCOPE_MAX && strlen(name) < SCOPE_NAME);
    if (i == sc->n) {
        strcpy(sc->name[i], name);
        sc->n++;
    }
    sc->val[i] = v;
}

void scope_problem(struct scope *sc, const struct mxb_problem *pr)
{
    sc->n = 0;
    for (uint32_t i = 0; i < pr->op->nparam; i++)
        scope_add(sc, pr->op->param[i].name, param_value(&pr->op->param[i], pr->params));
    const char *s = pr->entry->consts;
    char name[SCOPE_NAME];
    int64_t value;
    while (entry_const_next(&s, name, &value) == 1)
        scope_add(sc, name, val_int(value));
}

/* Most expressions of a table are one number or one name, which need no parser. */
static bool simple_value(const struct scope *sc, const char *text, struct val *v)
{
    const struct val *named = scope_find(sc, text);
    const size_t digits = strspn(text, "0123456789");
    if (named)
        *v = *named;
    else if (digits > 0 && digits < 18 && !text[digits])
        *v = val_int(strtoll(text, NULL, 10));
    else
        return false;
    return true;
}

int scope_eval(const struct scope *sc, const char *text, int64_t *out, char *err, size_t errlen)
{
    struct val v;
    if (!simple_value(sc, text, &v)) {
        const char *names[SCOPE_MAX];
        struct expr *e = NULL;
        for (uint32_t i = 0; i < sc->n; i++)
            names[i] = sc->name[i];
        int rc = expr_compile(text, names, sc->n, NULL, 0, &e, NULL, err, errlen);
        if (rc == 0)
            rc = expr_eval(e, sc->val, &v, err, errlen);
        expr_free(e);
        if (rc != 0)
            return rc;
    }
    /* 2^63 is the first double that no int64 holds */
    if (v.is_float && !(v.d == nearbyint(v.d) && fabs(v.d) < 0x1p63)) {
        snprintf(err, errlen, "'%s' is %.9g, not an integer", text, v.d);
        return MXB_EINVAL;
    }
    *out = v.is_float ? (int64_t)v.d : v.i;
    return 0;
}

/* ---- shapes and sizes ---- */

/* The text of the next dimension of "rows,cdiv(dim,2)" into piece, *shape moved behind it; false at the end. */
static bool next_dim(const char **shape, char *piece, size_t room)
{
    const char *s = *shape;
    int depth = 0;
    size_t n = 0;
    if (!*s)
        return false;
    for (; s[n] && (s[n] != ',' || depth > 0); n++)
        depth += (s[n] == '(') - (s[n] == ')');
    snprintf(piece, room, "%.*s", (int)n, s);
    *shape = s + n + (s[n] == ',');
    return true;
}

static int shape_in(const struct mxb_tensor *tensor, const struct scope *sc, uint64_t dim[PROBLEM_MAX_DIM],
                    uint32_t *ndim, char *err, size_t errlen)
{
    const char *shape = tensor->shape;
    char piece[256], why[MXB_ERRLEN / 2];
    *ndim = 0;
    while (next_dim(&shape, piece, sizeof piece)) {
        int64_t d;
        if (*ndim == PROBLEM_MAX_DIM) {
            snprintf(err, errlen, "tensor %s has more than %d dimensions", tensor->name, PROBLEM_MAX_DIM);
            return MXB_EINVAL;
        }
        if (scope_eval(sc, piece, &d, why, sizeof why) != 0) {
            snprintf(err, errlen, "tensor %s, dimension %" PRIu32 ": %s", tensor->name, *ndim, why);
            return MXB_EINVAL;
        }
        if (d < 0) {
            snprintf(err, errlen, "Invalid argument: tensor %s, dimension %" PRIu32 " is %" PRId64, tensor->name,
                     *ndim, d);
            return MXB_EINVAL;
        }
        dim[(*ndim)++] = (uint64_t)d;
    }
    return 0;
}

static int nelem_in(const struct mxb_problem *pr, uint32_t t, const struct scope *sc, uint64_t *n, char *err,
                    size_t errlen)
{
    const struct mxb_tensor *tensor = &pr->op->tensor[t];
    uint64_t dim[PROBLEM_MAX_DIM];
    uint32_t ndim;
    int64_t present = 1;
    char why[MXB_ERRLEN / 2];
    *n = 0;
    if (tensor->present && scope_eval(sc, tensor->present, &present, why, sizeof why) != 0) {
        snprintf(err, errlen, "tensor %s, presence: %s", tensor->name, why);
        return MXB_EINVAL;
    }
    if (!present)
        return 0;
    const int rc = shape_in(tensor, sc, dim, &ndim, err, errlen);
    if (rc != 0)
        return rc;
    uint64_t total = 1, limit = (uint64_t)INT64_MAX / mxb_dtype_size(pr->dtype[t]);
    for (uint32_t i = 0; i < ndim; i++) {
        if (dim[i] != 0 && total > limit / dim[i]) {
            snprintf(err, errlen, "Invalid argument: tensor %s has more than 2^63 bytes", tensor->name);
            return MXB_EINVAL;
        }
        total *= dim[i];
    }
    *n = total;
    return 0;
}

/* The problem's own names with those of `tiles` added. */
static void full_scope(struct scope *sc, const struct mxb_problem *pr, const struct scope *tiles)
{
    scope_problem(sc, pr);
    for (uint32_t i = 0; tiles && i < tiles->n; i++)
        scope_add(sc, tiles->name[i], tiles->val[i]);
}

int problem_nelem(const struct mxb_problem *pr, uint32_t t, const struct scope *tiles, uint64_t *n, char *err,
                  size_t errlen)
{
    struct scope sc;
    *n = 0;
    if (pr->op->tensor[t].per_tile && !tiles)
        return 0;
    full_scope(&sc, pr, tiles);
    return nelem_in(pr, t, &sc, n, err, errlen);
}

int problem_shape(const struct mxb_problem *pr, uint32_t t, const struct scope *tiles, uint64_t dim[PROBLEM_MAX_DIM],
                  uint32_t *ndim, char *err, size_t errlen)
{
    struct scope sc;
    full_scope(&sc, pr, tiles);
    return shape_in(&pr->op->tensor[t], &sc, dim, ndim, err, errlen);
}

bool param_in_range(const struct mxb_param *p, double v)
{
    if (p->type == 'f')              /* the bounds as a float can meet them */
        return v >= (double)(float)p->min && v <= (double)(float)p->max;
    return v >= p->min && v <= p->max;
}

static int check_ranges(const struct mxb_op *op, const void *params, char *err, size_t errlen)
{
    for (uint32_t i = 0; i < op->nparam; i++) {
        const struct mxb_param *p = &op->param[i];
        const double v = val_double(param_value(p, params));
        if (!param_in_range(p, v)) {
            snprintf(err, errlen, "Invalid argument: %s = %.9g is outside %.9g..%.9g", p->name, v, p->min, p->max);
            return MXB_EINVAL;
        }
    }
    return 0;
}

int problem_init(struct mxb_problem *pr, const struct mxb_op *op, const struct mxb_entry *entry, const void *params,
                 uint64_t seed, enum mxb_fill fill, char *err, size_t errlen)
{
    struct scope sc;
    *pr = (struct mxb_problem){ .op = op, .entry = entry, .params = params, .seed = seed, .fill = fill };
    int rc = check_ranges(op, params, err, errlen);
    if (rc != 0)
        return rc;
    scope_problem(&sc, pr);
    for (uint32_t t = 0; t < op->ntensor; t++) {
        const int dt = op->tensor[t].dtype;
        pr->dtype[t] = dt >= 0 ? (enum mxb_dtype)dt : entry->dt[MXB_T - dt];
        if (op->tensor[t].per_tile)
            continue;
        rc = nelem_in(pr, t, &sc, &pr->nelem[t], err, errlen);
        if (rc != 0)
            return rc;
    }
    return op->validate ? op->validate(pr, err, errlen) : 0;
}

bool problem_reads(const struct mxb_problem *pr, uint32_t t)
{
    const enum mxb_role role = pr->op->tensor[t].role;
    return pr->nelem[t] > 0 && (role == MXB_IN || role == MXB_INOUT);
}

bool problem_writes(const struct mxb_problem *pr, uint32_t t)
{
    const enum mxb_role role = pr->op->tensor[t].role;
    return pr->nelem[t] > 0 && (role == MXB_OUT || role == MXB_INOUT);
}

uint64_t problem_bytes(const struct mxb_problem *pr, uint32_t t)
{
    return pr->nelem[t] * mxb_dtype_size(pr->dtype[t]);
}

double problem_min_bytes(const struct mxb_problem *pr)
{
    if (pr->op->bytes)
        return pr->op->bytes(pr);
    double sum = 0;                  /* a tensor that is updated in place is both read and written */
    for (uint32_t t = 0; t < pr->op->ntensor; t++)
        sum += (double)problem_bytes(pr, t) * (problem_reads(pr, t) + problem_writes(pr, t));
    return sum;
}

/* ---- the oracle's items ---- */

int item_set_make(const struct mxb_problem *pr, uint64_t sampled, struct item_set *out, char *err, size_t errlen)
{
    struct scope sc;
    *out = (struct item_set){ 0 };
    scope_problem(&sc, pr);
    char why[MXB_ERRLEN / 2];
    if (scope_eval(&sc, pr->op->items, &out->items, why, sizeof why) != 0) {
        snprintf(err, errlen, "items '%s': %s", pr->op->items, why);
        return MXB_EINVAL;
    }
    if (out->items <= 0) {
        snprintf(err, errlen, "items '%s' is %" PRId64, pr->op->items, out->items);
        return MXB_EINVAL;
    }
    const uint64_t items = (uint64_t)out->items;
    for (uint32_t t = 0; t < pr->op->ntensor; t++)
        if (problem_writes(pr, t) && pr->nelem[t] % items != 0) {
            snprintf(err, errlen, "items '%s' = %" PRIu64 " does not divide the %" PRIu64 " elements of %s",
                     pr->op->items, items, pr->nelem[t], pr->op->tensor[t].name);
            return MXB_EINVAL;
        }
    const uint64_t n = sampled == 1 ? 2 : sampled;   /* the first and the last are always in */
    if (n == 0 || n >= items)
        return 0;
    out->pick = malloc(n * sizeof *out->pick);
    if (!out->pick) {
        snprintf(err, errlen, "no memory for a sample of %" PRIu64 " items", n);
        return MXB_ENOMEM;
    }
    out->npick = n;
    for (uint64_t i = 0; i < n; i++) {               /* one from each of n equal strata */
        const uint64_t wide = items % n, width = items / n + (i < wide);
        const uint64_t low = items / n * i + (i < wide ? i : wide);
        const uint64_t at = i == 0 ? 0 : i == n - 1 ? width - 1 : mxb_rand_u32(pr->seed, STREAM_ITEMS, i) % width;
        out->pick[i] = (int64_t)(low + at);
    }
    return 0;
}

void item_set_free(struct item_set *set)
{
    free(set->pick);
    *set = (struct item_set){ 0 };
}
