/* One parameter of an op: from text or the result of an expression to the 4 bytes of the parameter block, and back. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "harness/nearest.h"
#include "harness/problem.h"
#include "harness/quote.h"
#include "harness/suite_read.h"

const char *enum_name(const char *names, uint32_t i, size_t *len)
{
    for (;; i--) {
        names += strspn(names, " ");
        *len = strcspn(names, " ");
        if (*len == 0) return NULL;
        if (i == 0) return names;
        names += *len;
    }
}

int op_param(const struct mxb_op *op, const char *name)
{
    for (uint32_t i = 0; i < op->nparam; i++)
        if (strcmp(op->param[i].name, name) == 0) return (int)i;
    return -1;
}

void entry_vals(const struct mxb_entry *e, const char *const *name, uint32_t first, uint32_t n, struct val *val,
                bool *has)
{
    const char *at = e->consts;
    char known[SCOPE_NAME];
    for (int64_t value; entry_const_next(&at, known, &value) == 1;) {
        for (uint32_t k = first; k < n; k++) {
            if (strcmp(name[k], known) != 0) continue;
            val[k] = val_int(value);
            has[k] = true;
        }
    }
}

static uint32_t float_bits(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

struct val param_val(const struct mxb_param *p, uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof f);
    return p->type == 'f' ? val_float((double)f) : val_int(p->type == 'i' ? (int64_t)(int32_t)bits : (int64_t)bits);
}

int param_text(const struct mxb_param *p, uint32_t bits, char *out, size_t n)
{
    size_t len = 0;
    const char *name = p->type == 'e' ? enum_name(p->names, bits, &len) : NULL;
    if (name) return snprintf(out, n, "%.*s", (int)len, name);
    switch (p->type) {
    case 'b': return snprintf(out, n, "%s", bits ? "true" : "false");
    case 'f': return snprintf(out, n, "%.9g", param_val(p, bits).d);
    case 'i': return snprintf(out, n, "%d", (int32_t)bits);
    default:  return snprintf(out, n, "%u", bits);
    }
}

uint32_t param_get(const struct mxb_param *p, const void *params)
{
    uint32_t bits;
    memcpy(&bits, (const char *)params + p->off, sizeof bits);
    return bits;
}

int param_bits(const struct mxb_param *p, struct val v, uint32_t *bits, char *err, size_t errlen)
{
    const double d = val_double(v);
    if (p->type != 'f' && d != trunc(d)) {
        snprintf(err, errlen, "'%s' must be an integer, got %.9g", p->name, d);
        return MXB_EINVAL;
    }
    if (!param_in_range(p, p->type == 'f' ? (double)(float)d : d) || (p->type == 'f' && fabs(d) > (double)FLT_MAX)) {
        snprintf(err, errlen, "'%s' must be in %.10g .. %.10g, got %.10g", p->name, p->min, p->max, d);
        return MXB_EINVAL;
    }
    *bits = p->type == 'f' ? float_bits((float)d) : (uint32_t)(int64_t)d;
    return 0;
}

static int fail_enum(struct reader *r, const struct mxb_param *p, const struct node *n)
{
    enum { MAX_SHOWN = 64 };
    const char *shown[MAX_SHOWN], *name;
    char q[QUOTE_LEN];
    uint32_t nshown = 0;
    for (size_t len; nshown < MAX_SHOWN && (name = enum_name(p->names, nshown, &len)); nshown++) {
        shown[nshown] = pool_text(r->load->pool, name, len);
        if (!shown[nshown]) return fail_memory(r);
    }
    const int rc = fail_at(r, n, "'%s' has no value %s", p->name, quote(q, n->u.text, n->n));
    nearest_hint(r->load->err, r->load->errlen, n->u.text, shown, nshown);
    return rc;
}

static int read_enum(struct reader *r, const struct mxb_param *p, const struct node *n, uint32_t *bits)
{
    if (n->kind != NODE_TEXT || n->n == 0) return fail_type(r, n, p->name, "a name");
    const char *name;
    size_t len;
    for (uint32_t i = 0; (name = enum_name(p->names, i, &len)); i++) {
        if (len != n->n || memcmp(name, n->u.text, len) != 0) continue;
        *bits = i;
        return 0;
    }
    return fail_enum(r, p, n);
}

int read_param(struct reader *r, const struct mxb_param *p, const struct node *n, uint32_t *bits)
{
    int64_t i = 0;
    double d = 0;
    bool b = false;
    int rc = 0;
    switch (p->type) {
    case 'e': return read_enum(r, p, n, bits);
    case 'b':
        rc = read_bool(r, n, p->name, &b);
        *bits = b;
        return rc;
    case 'f':
        rc = read_double(r, n, p->name, fmax(p->min, -(double)FLT_MAX), fmin(p->max, (double)FLT_MAX), &d);
        *bits = rc ? 0 : float_bits((float)d);
        return rc;
    default:
        rc = read_i64(r, n, p->name, (int64_t)p->min, (int64_t)p->max, &i);
        *bits = (uint32_t)i;
        return rc;
    }
}
