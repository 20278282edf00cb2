/* Suites: files, includes, their top level, and the restriction of the case list by the command line. */
#include "harness/suite.h"
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/chain_read.h"
#include "harness/nearest.h"
#include "harness/ops.h"
#include "harness/quote.h"
#include "harness/suite_file.h"
#include "harness/suite_read.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { MAX_FILES = 1000, MAX_INCLUDE_DEPTH = 32, ALL_BACKENDS = (1 << NBACKEND_BUILTIN) - 1 };

static const char *const suite_keys[] = {
    "suite", "about", "backends", "seed", "max_cases", "include", "check", "bench", "defaults", "cases",
    "pairs",
};

struct open_file {                   /* the files that include one another, innermost first */
    const char *path, *shown;
    uint64_t dev, ino;
    const struct open_file *parent;
};

static bool is_one_of(const char *name, const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static bool wanted(const struct suite_opts *o, const struct suite_block *b)
{
    bool asked = o->nop == 0 || is_one_of(b->op->name, o->op, o->nop);
    for (uint32_t i = 0; chain_of(b->op) && i < o->nop; i++) asked |= chain_has_op(chain_of(b->op), o->op[i]);
    if (!asked) return false;
    if ((o->check_only && !b->check.enabled) || (o->bench_only && !b->bench.enabled)) return false;
    for (uint32_t i = 0; i < b->ntag; i++)
        if (is_one_of(b->tag[i], o->tag, o->ntag)) return true;
    return o->ntag == 0;
}

int read_block(struct reader *r, const struct node *map, struct suite_block **out, bool *whole)
{
    const struct suite_opts *o = r->load->opts;
    struct suite_block *b = &r->suite->block[r->suite->nblock];
    struct case_spec c;
    int rc = read_case(r, map, b, &c);
    *whole = rc == 0 && wanted(o, b);
    if (*whole) {
        if (o->check_only) b->bench.enabled = false;
        if (o->bench_only) b->check.enabled = false;
        if (o->rounds) b->bench.rounds = o->rounds;
        rc = sweep_case(r, &c);
        *whole = !c.restricted;
    }
    pool_reset(&r->scratch);
    if (rc) return rc;
    r->suite->nblock++;
    *out = b;
    return 0;
}

static int read_cases(struct reader *r, const struct node *cases)
{
    if (cases->kind != NODE_LIST) return fail_type(r, cases, "cases", "a list");
    if (cases->n == 0) return fail_at(r, cases, "'cases' is an empty list");
    for (uint32_t i = 0; i < cases->n; i++) {
        struct suite_block *b;
        bool whole;
        const int rc = read_block(r, cases->u.item[i], &b, &whole);
        if (rc) return rc;
    }
    return 0;
}

/* Cases, then pairs; either may be missing. */
static int read_body(struct reader *r, const struct node *cases, const struct node *pairs)
{
    struct suite *suite = r->suite;
    const uint32_t most = (cases && cases->kind == NODE_LIST ? cases->n : 0) + count_pair_blocks(pairs);
    suite->block = pool_alloc(r->load->pool, most * sizeof *suite->block);
    if (!suite->block) return fail_memory(r);
    int rc = cases ? read_cases(r, cases) : 0;
    if (rc == 0 && pairs) rc = read_pairs(r, pairs);
    if (rc || !r->defaults || !suite->nblock) return rc;
    return check_defaults_used(r, r->defaults, suite->block[suite->nblock - 1].op);
}

static int read_head(struct reader *r)
{
    static const char *const only_with_cases[] = { "check", "bench", "defaults", "backends", "seed", "max_cases" };
    const struct node *root = r->root, *n;
    if (root->kind != NODE_MAP) return fail_at(r, root, "a suite is a map with 'suite' and 'cases'");
    int rc = check_keys(r, root, "a suite", suite_keys, MXB_COUNT(suite_keys));
    if (rc) return rc;
    if (!map_get(root, "cases") && !map_get(root, "pairs")) {
        if (!map_get(root, "include")) return fail_at(r, root, "a suite needs 'cases', 'pairs' or 'include'");
        for (size_t i = 0; i < MXB_COUNT(only_with_cases); i++)
            if ((n = map_get(root, only_with_cases[i])))
                return fail_at(r, n, "'%s' is for the cases of this file, and it has none", only_with_cases[i]);
    }
    if (!(n = map_get(root, "suite"))) return fail_at(r, root, "a suite needs 'suite', its name");
    if ((rc = read_text(r, n, "suite", &r->suite->name))) return rc;
    if ((n = map_get(root, "about"))) rc = read_text(r, n, "about", &r->suite->about);
    if (rc == 0 && (n = map_get(root, "backends")))
        rc = read_name_set(r, n, "backends", "backend", backend_names, NBACKEND_BUILTIN, &r->backends);
    if (rc == 0 && (n = map_get(root, "seed"))) rc = read_u64(r, n, "seed", 0, UINT64_MAX, &r->suite->seed);
    if (rc == 0 && (n = map_get(root, "max_cases")))
        rc = read_u64(r, n, "max_cases", 1, SUITE_HARD_CASES, &r->max_cases);
    r->defaults = map_get(root, "defaults");
    if (rc == 0 && r->defaults) rc = check_case_keys(r, r->defaults, "defaults");
    return rc;
}

void *load_grow(struct load *l, void *array, uint32_t *room, uint32_t need, size_t size)
{
    if (need <= *room) return array;
    const uint32_t twice = *room ? *room * 2 : 256, more = need > twice ? need : twice;
    void *p = realloc(array, more * size);
    if (p) *room = more;
    else snprintf(l->err, l->errlen, "out of memory");
    return p;
}

static int add_suite(struct load *l, struct suite *s)
{
    struct case_list *list = l->list;
    struct suite **more = load_grow(l, (void *)list->suite, &l->room_suite, list->nsuite + 1, sizeof *more);
    if (!more) return MXB_ENOMEM;
    more[list->nsuite++] = s;
    list->suite = more;
    return 0;
}

/* --- files --- */

static int load_file(struct load *l, const char *path, const struct open_file *parent, struct reader *from,
                     const struct node *at, uint64_t *hash);

static int fail_recursion(struct reader *r, const struct node *at, const struct open_file *parent, const char *shown)
{
    char chain[MXB_ERRLEN] = "";
    const struct open_file *files[MAX_INCLUDE_DEPTH];
    size_t n = 0, len = 0;
    for (const struct open_file *f = parent; f; f = f->parent) files[n++] = f;
    while (n-- > 0 && len < sizeof chain)
        len += (size_t)snprintf(chain + len, sizeof chain - len, "%s -> ", files[n]->shown);
    return fail_at(r, at, "recursive include: %s%s", chain, shown);
}

static int read_includes(struct reader *r, const struct open_file *self)
{
    const struct node *n = map_get(r->root, "include");
    int rc = n ? list_check(r, n, "include") : 0;
    for (uint32_t i = 0; n && rc == 0 && i < list_len(n); i++) {
        const struct node *item = list_item(n, i);
        char *path = NULL, why[MXB_ERRLEN], q[QUOTE_LEN];
        uint64_t hash[2] = { r->suite->hash, 0 };
        rc = suite_file_beside(self->path, item->u.text, &path, why, sizeof why);
        if (rc == MXB_EINVAL) return fail_at(r, item, "cannot include %s: %s", quote(q, item->u.text, item->n), why);
        if (rc) return fail_memory(r);
        rc = load_file(r->load, path, self, r, item, &hash[1]);
        r->suite->hash = XXH3_64bits(hash, sizeof hash);
        free(path);
    }
    return rc;
}

/* Parses a document and takes its includes and cases.  file NULL: text is one inline case. */
static int read_document(struct load *l, const char *shown, const char *text, size_t len, const struct open_file *file,
                         struct suite *suite)
{
    struct reader r = { .load = l, .suite = suite, .shown = shown, .max_cases = SUITE_DEFAULT_CASES,
                        .backends = ALL_BACKENDS };
    struct pool tree = { 0 };
    struct node *root;
    suite->hash = XXH3_64bits(text, len);
    suite->seed = 1;
    int rc = yaml_tree(&tree, shown, text, len, &root, l->err, l->errlen);
    r.root = root;
    if (rc == 0 && !file) {
        struct node *const one[] = { root };
        const struct node list = { .kind = NODE_LIST, .n = 1, .u.item = one };
        r.root = NULL;
        suite->name = "inline";
        rc = read_body(&r, &list, NULL);
    } else if (rc == 0) {
        rc = read_head(&r);
        if (rc == 0) rc = read_includes(&r, file);
        if (rc == 0) rc = read_body(&r, map_get(root, "cases"), map_get(root, "pairs"));
    }
    if (rc == 0 && file) {                           /* the tree goes, these stay */
        suite->name = pool_text(l->pool, suite->name, strlen(suite->name));
        const char *about = suite->about ? suite->about : "";
        about = pool_text(l->pool, about, strlen(about));
        if (!suite->name || !about) rc = fail_memory(&r);
        suite->about = suite->about ? about : NULL;
    }
    if (rc == 0) rc = add_suite(l, suite);
    pool_free(&r.scratch);
    pool_free(&tree);
    return rc;
}

/* A path as it may stand in a one-line message. */
static const char *showable(struct load *l, const char *path)
{
    char q[QUOTE_LEN];
    if (path[strcspn(path, "\n\r\t\033")] == 0) return pool_text(l->pool, path, strlen(path));
    quote(q, path, strlen(path));
    return pool_text(l->pool, q, strlen(q));
}

/* at: the node of the file `from` that includes it; NULL: named on the command line. */
static int load_file(struct load *l, const char *path, const struct open_file *parent, struct reader *from,
                     const struct node *at, uint64_t *hash)
{
    struct suite_file text = { 0 };
    struct suite *suite = pool_alloc(l->pool, sizeof *suite);
    const char *shown = showable(l, path);
    char why[MXB_ERRLEN];
    int rc = MXB_ENOMEM;
    if (!suite || !shown || !(suite->path = pool_text(l->pool, path, strlen(path)))) {
        snprintf(l->err, l->errlen, "out of memory");
        return rc;
    }
    rc = suite_file_read(path, &text, why, sizeof why);
    if (rc && at) {
        fail_at(from, at, "cannot read '%s': %s", shown, why);
        return rc;
    }
    if (rc) {
        snprintf(l->err, l->errlen, "%s: cannot read the suite: %s", shown, why);
        return rc;
    }
    const struct open_file self = { suite->path, shown, text.dev, text.ino, parent };
    int depth = 0;
    for (const struct open_file *f = parent; f && rc == 0; f = f->parent) {
        if (f->dev == self.dev && f->ino == self.ino) rc = fail_recursion(from, at, parent, shown);
        else if (++depth == MAX_INCLUDE_DEPTH)
            rc = fail_at(from, at, "includes are nested deeper than %d", MAX_INCLUDE_DEPTH);
    }
    if (rc == 0 && ++l->nfile > MAX_FILES) {
        snprintf(l->err, l->errlen, "%s: more than %d suite files in one run", shown, MAX_FILES);
        rc = MXB_EINVAL;
    }
    if (rc == 0) rc = read_document(l, shown, text.text, text.len, &self, suite);
    *hash = suite->hash;
    free(text.text);
    return rc;
}

static int load_inline(struct load *l, const char *text)
{
    struct suite *suite = pool_alloc(l->pool, sizeof *suite);
    if (!suite) {
        snprintf(l->err, l->errlen, "out of memory");
        return MXB_ENOMEM;
    }
    suite->path = "<inline>";
    return read_document(l, suite->path, text, strlen(text), NULL, suite);
}

/* --- the command line --- */

static int fail_option(struct load *l, const char *option, const char *what, const char *word, const char *const *names,
                       uint32_t n)
{
    char q[QUOTE_LEN];
    snprintf(l->err, l->errlen, "%s: unknown %s %s", option, what, quote(q, word, strlen(word)));
    nearest_hint(l->err, l->errlen, word, names, n);
    return MXB_EINVAL;
}

/* Every name in words[] is one of names[]. */
static int check_option(struct load *l, const char *option, const char *what, const char *const *word, uint32_t nword,
                        const char *const *names, uint32_t n)
{
    for (uint32_t i = 0; i < nword; i++)
        if (!is_one_of(word[i], names, n)) return fail_option(l, option, what, word[i], names, n);
    return 0;
}

static int check_opts(struct load *l)
{
    const struct suite_opts *o = l->opts;
    uint32_t nentry = 0, n = 0;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): every op is linked */
    for (uint32_t i = 0; i < l->nop; i++) nentry += l->op[i]->nentry;
    const char **op = calloc(l->nop + 1, sizeof *op), **entry = calloc(nentry + 1, sizeof *entry);
    int rc = op && entry ? 0 : MXB_ENOMEM;
    if (rc) snprintf(l->err, l->errlen, "out of memory");
    for (uint32_t i = 0; rc == 0 && i < l->nop; i++) {
        op[i] = l->op[i]->name;
        for (uint32_t e = 0; e < l->op[i]->nentry; e++) entry[n++] = l->op[i]->entry[e].name;
    }
    if (rc == 0) rc = check_option(l, "--backend", "backend", o->backend, o->nbackend, backend_names, NBACKEND_BUILTIN);
    if (rc == 0) rc = check_option(l, "--op", "op", o->op, o->nop, op, l->nop);
    if (rc == 0) rc = check_option(l, "--entry", "entry", o->entry, o->nentry, entry, nentry);
    if (rc == 0 && o->nshard && (o->shard < 1 || o->shard > o->nshard)) {
        snprintf(l->err, l->errlen, "--shard %u/%u: the first number must be in 1 .. %u", o->shard, o->nshard,
                 o->nshard);
        rc = MXB_EINVAL;
    }
    if (rc == 0 && o->check_only && o->bench_only) {
        snprintf(l->err, l->errlen, "--check-only and --bench-only exclude each other");
        rc = MXB_EINVAL;
    }
    free(op);
    free(entry);
    return rc;
}

/* A tag that no case has.  Suites may have many cases, so names are gathered only for the error. */
static int check_tags(struct load *l)
{
    enum { MAX_SHOWN = 64 };
    const struct case_list *list = l->list;
    for (uint32_t i = 0; i < l->opts->ntag; i++) {
        const char *names[MAX_SHOWN];
        uint32_t n = 0;
        bool found = false;
        for (uint32_t s = 0; s < list->nsuite && !found; s++) {
            for (uint32_t b = 0; b < list->suite[s]->nblock && !found; b++) {
                const struct suite_block *block = &list->suite[s]->block[b];
                found = is_one_of(l->opts->tag[i], block->tag, block->ntag);
                for (uint32_t t = 0; t < block->ntag && n < MAX_SHOWN; t++)
                    if (!is_one_of(block->tag[t], names, n)) names[n++] = block->tag[t];
            }
        }
        if (!found) return fail_option(l, "--tag", "tag", l->opts->tag[i], names, n);
    }
    return 0;
}

static bool matches(const struct case_list *list, const struct bench_case *c, const char *filter)
{
    char text[4096];
    case_text(list, c, text, sizeof text);
    if (filter[strcspn(filter, "*?[")] == 0) return strstr(text, filter) != NULL;
    return fnmatch(filter, text, 0) == 0;
}

/* Keeps the cases that match the filter and the problems of the shard, in place.  A pair is in one shard as a whole. */
static void restrict_list(struct case_list *list, const struct suite_opts *o)
{
    uint32_t nproblem = 0, nitem = 0, seen = 0;
    const struct suite_pair *last = NULL;            /* of the last problem that the filter kept */
    for (uint32_t i = 0; i < list->nitem;) {
        const uint32_t problem = list->item[i].problem, first = nitem;
        for (; i < list->nitem && list->item[i].problem == problem; i++)
            if (!o->filter || matches(list, &list->item[i], o->filter)) list->item[nitem++] = list->item[i];
        if (nitem == first) continue;
        const struct suite_pair *pair = list->problem[problem].block->pair;
        if (!pair || pair != last) seen++;
        last = pair;
        if (o->nshard && (seen - 1) % o->nshard != o->shard - 1) {
            nitem = first;
            continue;
        }
        for (uint32_t k = first; k < nitem; k++) list->item[k].problem = nproblem;
        list->problem[nproblem++] = list->problem[problem];
    }
    list->nproblem = nproblem;
    list->nitem = nitem;
}

static int fail_none_left(struct load *l)
{
    const struct suite_opts *o = l->opts;
    const struct { const char *option; const char *const *name; uint32_t n; } lists[] = {
        { "--backend", o->backend, o->nbackend }, { "--op", o->op, o->nop }, { "--entry", o->entry, o->nentry },
        { "--tag", o->tag, o->ntag }, { "--filter", &o->filter, o->filter != NULL },
    };
    size_t at = (size_t)snprintf(l->err, l->errlen, "no case left after");
    for (size_t i = 0; i < MXB_COUNT(lists); i++) {
        for (uint32_t k = 0; k < lists[i].n && at < l->errlen; k++) {
            char q[QUOTE_LEN];
            at += (size_t)snprintf(l->err + at, l->errlen - at, " %s %s", lists[i].option,
                                   quote(q, lists[i].name[k], strlen(lists[i].name[k])));
        }
    }
    if (o->nshard && at < l->errlen)
        at += (size_t)snprintf(l->err + at, l->errlen - at, " --shard %u/%u", o->shard, o->nshard);
    if (at < l->errlen)
        snprintf(l->err + at, l->errlen - at, "%s%s", o->check_only ? " --check-only" : "",
                 o->bench_only ? " --bench-only" : "");
    return MXB_EINVAL;
}

int suites_load_ops(const struct mxb_op *const *op, uint32_t nop, const char *const *path, uint32_t npath,
                    const struct suite_opts *opts, struct case_list *out, char *err, size_t errlen)
{
    static const struct suite_opts no_opts;
    struct load l = { .op = op, .nop = nop, .opts = opts ? opts : &no_opts, .list = out, .err = err, .errlen = errlen };
    *out = (struct case_list){ .arena = calloc(1, sizeof(struct pool)) };
    l.pool = out->arena;
    int rc = l.pool ? 0 : MXB_ENOMEM;
    if (rc) snprintf(err, errlen, "out of memory");
    if (rc == 0 && npath == 0) {
        snprintf(err, errlen, "no suite is given");
        rc = MXB_EINVAL;
    }
    if (rc == 0) rc = check_opts(&l);
    for (uint32_t i = 0; rc == 0 && i < npath; i++) {
        uint64_t hash;
        rc = path[i][0] == '{' ? load_inline(&l, path[i]) : load_file(&l, path[i], NULL, NULL, NULL, &hash);
    }
    if (rc == 0 && l.opts->ntag) rc = check_tags(&l);
    if (rc == 0 && (l.opts->filter || l.opts->nshard)) restrict_list(out, l.opts);
    if (rc == 0 && out->nitem == 0) rc = fail_none_left(&l);
    if (rc) suites_free(out);
    return rc;
}

int suites_load(const char *const *path, uint32_t npath, const struct suite_opts *opts, struct case_list *out,
                char *err, size_t errlen)
{
    *out = (struct case_list){ 0 };
    const struct mxb_op **op = calloc(ops_count() + 1, sizeof *op);
    if (!op) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    for (uint32_t i = 0; i < ops_count(); i++) op[i] = ops_get(i);
    const int rc = suites_load_ops(op, ops_count(), path, npath, opts, out, err, errlen);
    free(op);
    return rc;
}

void suites_free(struct case_list *list)
{
    if (!list || !list->arena) return;
    free(list->problem);
    free(list->item);
    free(list->tile);
    free((void *)list->suite);
    pool_free(list->arena);
    free(list->arena);
    *list = (struct case_list){ 0 };
}
