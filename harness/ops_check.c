/* Proves an op's tables consistent before anything runs: names, ranges, expressions, bindings. */
#include "harness/ops.h"
#include "harness/problem.h"
#include "harness/text.h"
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TILE_ID = 1000 };             /* constants below are the contract's, from here on the tiles' */

struct context {
    const struct mxb_op *op;
    char *err;
    size_t errlen;
};

__attribute__((format(printf, 2, 3))) static int fault(const struct context *c, const char *fmt, ...)
{
    const int len = snprintf(c->err, c->errlen, "op %s: ", c->op->name ? c->op->name : "(no name)");
    va_list ap;
    va_start(ap, fmt);
    if (len >= 0 && (size_t)len < c->errlen)
        vsnprintf(c->err + len, c->errlen - (size_t)len, fmt, ap);
    va_end(ap);
    return MXB_EINVAL;
}

/* ---- names ---- */

/* Letters, digits and underscore, as C, OpenCL C and GLSL want; so neither '|' nor '#', which cache keys use. */
static bool is_identifier(const char *s)
{
    if (!s || !(isalpha((unsigned char)*s) || *s == '_'))
        return false;
    while (isalnum((unsigned char)*s) || *s == '_')
        s++;
    return *s == 0;
}

/* Of a variable of expressions and macro of kernels; DTYPE, DTYPE2 and DTYPE3 are given to every kernel. */
static bool is_name(const char *s)
{
    return is_identifier(s) && strlen(s) < SCOPE_NAME && strncmp(s, "DTYPE", 5) != 0;
}

/* The next of the words in *text into word; false at the end. */
static bool next_word(const char **text, char *word, size_t room)
{
    const char *s = *text + strspn(*text, " ");
    const size_t n = strcspn(s, " ");
    snprintf(word, room, "%.*s", (int)n, s);
    *text = s + n;
    return n > 0;
}

static bool tensor_exists(const struct mxb_op *op, const char *name)
{
    for (uint32_t t = 0; t < op->ntensor; t++)
        if (strcmp(op->tensor[t].name, name) == 0)
            return true;
    return false;
}

/* ---- parts that need no entry ---- */

static int check_frame(const struct context *c)
{
    const struct mxb_op *op = c->op;
    if (op->abi != MXB_OP_ABI)
        return fault(c, "built for op ABI %" PRIu32 ", this program has %d", op->abi, MXB_OP_ABI);
    if (!is_identifier(op->name) || !is_identifier(op->family))
        return fault(c, "name and family must be C identifiers");
    if (!op->about || !op->source_ref || !op->reference || !op->flops || !op->items)
        return fault(c, "about, source_ref, reference, items and flops must be given");
    if (op->ntensor == 0 || op->ntensor > MXB_MAX_BIND || op->nentry == 0)
        return fault(c, "%" PRIu32 " tensors and %" PRIu32 " entries", op->ntensor, op->nentry);
    if (op->nparam > MXB_MAX_PARAM || op->param_bytes != 4 * op->nparam || op->param_bytes > MXB_MAX_PUSH)
        return fault(c, "%" PRIu32 " parameters in %" PRIu32 " bytes", op->nparam, op->param_bytes);
    if (op->fills == 0 || op->fills >> MXB_NFILL != 0 || op->def_version == 0)
        return fault(c, "fills 0x%" PRIx32 ", def_version %" PRIu32, op->fills, op->def_version);
    return 0;
}

static int check_params(const struct context *c)
{
    for (uint32_t i = 0; i < c->op->nparam; i++) {
        const struct mxb_param *p = &c->op->param[i];
        if (!is_name(p->name) || !p->type || !strchr("uifbe", p->type) || !p->about)
            return fault(c, "parameter %" PRIu32 ": bad name, type or about", i);
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(c->op->param[k].name, p->name) == 0)
                return fault(c, "parameter %s: declared twice", p->name);
        if (p->off != 4 * i)
            return fault(c, "parameter %s: at byte %" PRIu32 ", not %" PRIu32, p->name, p->off, 4 * i);
        if (!param_in_range(p, p->def))
            return fault(c, "parameter %s: default %.9g is outside %.9g..%.9g", p->name, p->def, p->min, p->max);
        const double lowest = p->type == 'i' ? INT32_MIN : 0, highest = p->type == 'i' ? INT32_MAX : UINT32_MAX;
        if (p->type != 'f' && (p->min < lowest || p->max > highest))
            return fault(c, "parameter %s: range %.9g..%.9g does not fit 32 bits", p->name, p->min, p->max);
        const char *names = p->names ? p->names : "";
        char word[64];
        double n = 0;
        while (next_word(&names, word, sizeof word))
            n++;
        if ((p->type == 'e' && n != p->max + 1) || (p->type != 'e' && n != 0))
            return fault(c, "parameter %s: %.0f value names for the range 0..%.9g", p->name, n, p->max);
    }
    return 0;
}

static int check_tensors(const struct context *c)
{
    uint32_t outputs = 0;
    for (uint32_t t = 0; t < c->op->ntensor; t++) {
        const struct mxb_tensor *x = &c->op->tensor[t];
        if (!is_identifier(x->name) || !x->shape || !*x->shape)
            return fault(c, "tensor %" PRIu32 ": bad name or no shape", t);
        for (uint32_t k = 0; k < t; k++)
            if (strcmp(c->op->tensor[k].name, x->name) == 0)
                return fault(c, "tensor %s: declared twice", x->name);
        if (x->dtype < MXB_T3 || x->dtype >= MXB_NDTYPE)
            return fault(c, "tensor %s: dtype %d", x->name, x->dtype);
        if ((x->role == MXB_IN || x->role == MXB_INOUT) && x->gen == MXB_GEN_NONE && !c->op->generate)
            return fault(c, "tensor %s: an input without a generator", x->name);
        if (x->classes && (x->role != MXB_IN || x->dtype != MXB_U8))
            return fault(c, "tensor %s: only u8 inputs have classes", x->name);
        outputs += x->role == MXB_OUT || x->role == MXB_INOUT;
    }
    return outputs ? 0 : fault(c, "no output");
}

static int check_entries(const struct context *c)
{
    for (uint32_t i = 0; i < c->op->nentry; i++) {
        const struct mxb_entry *e = &c->op->entry[i];
        if (!is_identifier(e->name))
            return fault(c, "entry %" PRIu32 ": '%s' is not a C identifier", i, e->name ? e->name : "");
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(c->op->entry[k].name, e->name) == 0)
                return fault(c, "entry %s: declared twice", e->name);
        for (int s = 0; s < 3; s++)
            if (e->dt[s] >= MXB_NDTYPE)
                return fault(c, "entry %s: dtype %d", e->name, (int)e->dt[s]);
        const char *text = e->consts;
        char name[SCOPE_NAME];
        int64_t value;
        int got;
        while ((got = entry_const_next(&text, name, &value)) == 1) {
            if (!is_name(name))
                return fault(c, "entry %s: bad name of constant %s", e->name, name);
            for (uint32_t k = 0; k < c->op->nparam; k++)
                if (strcmp(c->op->param[k].name, name) == 0)
                    return fault(c, "entry %s: constant %s is also a parameter", e->name, name);
        }
        if (got < 0)
            return fault(c, "entry %s: constants '%s'", e->name, e->consts);
    }
    return 0;
}

/* ---- impls, with the default parameters and one entry ---- */

/* Evaluates text and holds the value to [min, max]; NULL text is fine. */
static int check_expr(const struct context *c, const char *where, const char *what, const struct scope *sc,
                      const char *text, int64_t min, int64_t max)
{
    char why[MXB_ERRLEN / 2];
    int64_t v;
    if (!text)
        return 0;
    if (scope_eval(sc, text, &v, why, sizeof why) != 0)
        return fault(c, "%s: %s '%s': %s", where, what, text, why);
    if (v < min || v > max)
        return fault(c, "%s: %s '%s' is %" PRId64, where, what, text, v);
    return 0;
}

/* Adds a name to the scope.  Only a contract constant may repeat one, to hand its value on to the kernel as it is. */
static int add_constant(const struct context *c, const char *where, struct scope *sc, const char *name,
                        const char *text, bool may_repeat)
{
    int64_t v;
    char why[MXB_ERRLEN / 2];
    if (!is_name(name) || !text)
        return fault(c, "%s: constant '%s' has a bad name or no value", where, name ? name : "");
    for (uint32_t i = 0; i < sc->n; i++)
        if (strcmp(sc->name[i], name) == 0 && !(may_repeat && strcmp(name, text) == 0))
            return fault(c, "%s: constant %s hides another name", where, name);
    if (scope_eval(sc, text, &v, why, sizeof why) != 0)
        return fault(c, "%s: constant %s '%s': %s", where, name, text, why);
    if (v < INT32_MIN || v > INT32_MAX)
        return fault(c, "%s: constant %s = %" PRId64 " does not fit 32 bits", where, name, v);
    scope_add(sc, name, val_int(v));
    return 0;
}

static int check_ids(const struct context *c, const struct mxb_impl *im)
{
    for (uint32_t i = 0; i < im->ntile; i++) {
        const char *choices = im->tile[i].choices ? im->tile[i].choices : "";
        char word[32], *end;
        if (im->tile[i].id < TILE_ID)
            return fault(c, "impl %s: tile %s has id %" PRIu32 " below %d", im->name, im->tile[i].name, im->tile[i].id,
                         TILE_ID);
        for (uint32_t k = 0; k < i; k++)
            if (im->tile[k].id == im->tile[i].id)
                return fault(c, "impl %s: tile id %" PRIu32 " is used twice", im->name, im->tile[i].id);
        while (next_word(&choices, word, sizeof word)) {
            (void)strtol(word, &end, 10);
            if (*end)
                return fault(c, "impl %s: tile %s: choice '%s'", im->name, im->tile[i].name, word);
        }
    }
    for (uint32_t i = 0; i < im->nconst; i++) {
        if (im->consts[i].id >= TILE_ID || !strchr("bi", im->consts[i].type) || !im->consts[i].type)
            return fault(c, "impl %s: constant %s has id %" PRIu32 ", type '%c'", im->name, im->consts[i].name,
                         im->consts[i].id, im->consts[i].type);
        for (uint32_t k = 0; k < i; k++)
            if (im->consts[k].id == im->consts[i].id)
                return fault(c, "impl %s: constant id %" PRIu32 " is used twice", im->name, im->consts[i].id);
    }
    return 0;
}

static int check_kernel(const struct context *c, const struct mxb_impl *im, const struct mxb_kernel *k,
                        const struct scope *sc)
{
    char where[160], word[128];
    int rc = 0;
    if (!is_identifier(k->entry))
        return fault(c, "impl %s: a kernel without a function name", im->name);
    snprintf(where, sizeof where, "impl %s, kernel %s", im->name, k->entry);
    if (text_has_word(im->lang, "c") != (k->cpu != NULL))
        return fault(c, "%s: %s", where, k->cpu ? "a C function for another language" : "no C function");
    if (!k->source)
        return fault(c, "%s: no source", where);
    for (int i = 0; i < 3 && rc == 0; i++) {
        rc = check_expr(c, where, "grid", sc, k->grid[i], 1, INT32_MAX);
        if (rc == 0)
            rc = check_expr(c, where, "local", sc, k->local[i], 1, INT32_MAX);
    }
    if (rc == 0)
        rc = check_expr(c, where, "local_bytes", sc, k->local_bytes, 0, INT64_MAX);
    if (rc == 0)
        rc = check_expr(c, where, "scratch_bytes", sc, k->scratch_bytes, 0, INT64_MAX);
    uint32_t nbind = 0;
    for (const char *s = k->bind; rc == 0 && s && next_word(&s, word, sizeof word); nbind++)
        if (!tensor_exists(c->op, word))
            rc = fault(c, "%s: bind '%s' is not a tensor", where, word);
    return rc == 0 && nbind > MXB_MAX_BIND ? fault(c, "%s: %" PRIu32 " bindings", where, nbind) : rc;
}

static int check_impl(const struct context *c, const struct mxb_problem *pr, const struct mxb_impl *im)
{
    char where[160];
    struct scope sc;
    if (im->entries && !text_has_word(im->entries, pr->entry->name))
        return 0;
    snprintf(where, sizeof where, "impl %s, entry %s", im->name, pr->entry->name);
    scope_problem(&sc, pr);
    /* CPU code gets its dtypes and the entry's constants in the same list. */
    const uint32_t extra = text_has_word(im->lang, "c") ? 3 + sc.n - c->op->nparam : 0;
    const uint32_t slots = extra + im->nconst + im->ntile;
    if (slots > MXB_MAX_SPEC)
        return fault(c, "%s: %" PRIu32 " constants, at most %d", where, slots, MXB_MAX_SPEC);
    scope_add(&sc, "local_bytes", val_int(32768));   /* a small device's limits */
    scope_add(&sc, "max_wg", val_int(256));
    scope_add(&sc, "sg", val_int(32));
    scope_add(&sc, "sg_max", val_int(32));
    int rc = 0;
    for (uint32_t i = 0; i < im->ntile && rc == 0; i++)
        rc = add_constant(c, where, &sc, im->tile[i].name, im->tile[i].def, false);
    for (uint32_t i = 0; i < im->nconst && rc == 0; i++)
        rc = add_constant(c, where, &sc, im->consts[i].name, im->consts[i].value, true);
    for (uint32_t i = 0; i < im->nlimit && rc == 0; i++)
        rc = !im->limit[i].expr || !im->limit[i].reason ? fault(c, "%s: a limit without expression or reason", where)
             : check_expr(c, where, "limit", &sc, im->limit[i].expr, INT64_MIN, INT64_MAX);
    for (uint32_t i = 0; i < im->nkernel && rc == 0; i++)
        rc = check_kernel(c, im, &im->kernel[i], &sc);
    for (uint32_t t = 0; t < c->op->ntensor && rc == 0; t++) {
        uint64_t n;
        char why[MXB_ERRLEN / 2];
        if (c->op->tensor[t].per_tile && problem_nelem(pr, t, &sc, &n, why, sizeof why) != 0)
            rc = fault(c, "%s: %s", where, why);
    }
    return rc;
}

static int check_impls(const struct context *c)
{
    for (uint32_t i = 0; i < c->op->nimpl; i++) {
        const struct mxb_impl *im = &c->op->impl[i];
        char word[128];
        if (!im->lang || !is_identifier(im->name))
            return fault(c, "impl %" PRIu32 ": no language or bad name", i);
        if (im->nkernel == 0 || im->nkernel > MXB_MAX_STEPS)
            return fault(c, "impl %s: %" PRIu32 " kernels", im->name, im->nkernel);
        for (const char *s = im->entries; s && next_word(&s, word, sizeof word);)
            if (!ops_entry(c->op, word))
                return fault(c, "impl %s: '%s' is not an entry", im->name, word);
        const int rc = check_ids(c, im);
        if (rc != 0)
            return rc;
    }
    return 0;
}

/* Everything that depends on the entry: sizes, presence, items, and each impl's expressions. */
static int check_entry(const struct context *c, const struct mxb_entry *entry, const void *params)
{
    struct mxb_problem pr;
    struct item_set set;
    struct scope sc;
    char why[MXB_ERRLEN / 2];
    if (problem_init(&pr, c->op, entry, params, 1, MXB_FILL_NORMAL, why, sizeof why) != 0 ||
        item_set_make(&pr, 0, &set, why, sizeof why) != 0)
        return fault(c, "entry %s with default parameters: %s", entry->name, why);
    item_set_free(&set);
    scope_problem(&sc, &pr);
    for (uint32_t t = 0; t < c->op->ntensor; t++) {      /* shapes of absent tensors too */
        uint64_t dim[PROBLEM_MAX_DIM];
        uint32_t ndim;
        if (!c->op->tensor[t].per_tile && problem_shape(&pr, t, NULL, dim, &ndim, why, sizeof why) != 0)
            return fault(c, "entry %s: %s", entry->name, why);
    }
    for (uint32_t i = 0; i < c->op->nimpl; i++) {
        const int rc = check_impl(c, &pr, &c->op->impl[i]);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int ops_check(const struct mxb_op *op, char *err, size_t errlen)
{
    const struct context c = { op, err, errlen };
    uint32_t params[MXB_MAX_PUSH / 4];
    int (*const part[])(const struct context *) = {
        check_frame, check_params, check_tensors, check_entries, check_impls,
    };
    for (size_t i = 0; i < MXB_COUNT(part); i++) {
        const int rc = part[i](&c);
        if (rc != 0)
            return rc;
    }
    ops_defaults(op, params);
    for (uint32_t i = 0; i < op->nentry; i++) {
        const int rc = check_entry(&c, &op->entry[i], params);
        if (rc != 0)
            return rc;
    }
    return 0;
}
