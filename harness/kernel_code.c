/* The code of an op's kernels (kernel_code.h). */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/compile.h"
#include "harness/kernel_code.h"
#include "harness/ops.h"
#include "harness/source.h"
#include "harness/temp.h"

enum { MAX_OBJECTS = 64 };

struct c_object { char path[256]; void *handle; };           /* an overlaid CPU source, compiled once */
struct spirv_object { char key[512]; void *data; size_t bytes; };   /* an overlaid GLSL source with its defines */

struct kernel_store {
    const struct mxb_dev *dev;
    const struct overlay *over;      /* NULL = none */
    char tree[512];                  /* made on the first overlaid CPU kernel */
    struct c_object object[MAX_OBJECTS]; uint32_t nobject;
    struct spirv_object spirv[MAX_OBJECTS]; uint32_t nspirv;
    struct name_ctx *name; uint32_t nname;
};

/* What a registered name stands for; op NULL = in the catalogue only. */
struct name_ctx { struct kernel_store *store; const struct mxb_op *op; const struct mxb_entry *entry; const char *name; };

int kernel_store_new(const struct mxb_dev *dev, const struct overlay *over, struct kernel_store **out)
{
    struct kernel_store *s = calloc(1, sizeof(*s));
    if (!s) return MXB_ENOMEM;
    s->dev = dev;
    s->over = over;
    *out = s;
    return 0;
}

void kernel_store_free(struct kernel_store *s)
{
    if (!s) return;
    for (uint32_t i = 0; i < s->nobject; i++) dlclose(s->object[i].handle);
    for (uint32_t i = 0; i < s->nspirv; i++) free(s->spirv[i].data);
    tree_remove(s->tree);
    free(s->name);
    free(s);
}

int entry_defines(const struct mxb_entry *e, char *out, size_t n)
{
    int len = snprintf(out, n, "-DDTYPE=%d -DDTYPE2=%d -DDTYPE3=%d", e->dt[0], e->dt[1], e->dt[2]);
    for (const char *c = e->consts; c && *c && len > 0 && (size_t)len < n; ) {
        c += strspn(c, " ");
        const int word = (int)strcspn(c, " ");
        if (word) len += snprintf(out + len, n - (size_t)len, " -D%.*s", word, c);
        c += word;
    }
    return len;
}

int kernel_path(const struct mxb_op *op, const struct mxb_kernel *k, const char *suffix, char *out, size_t n)
{
    return snprintf(out, n, "kernels/%s/%s/%s.%s", op->family, op->name, k->source, suffix);
}

/* ---- OpenCL C ---- */

static int load_cl(struct kernel_store *s, const char *path, struct mxb_shader *sh, void **hold, char *err, size_t errlen)
{
    char *text;
    const int rc = source_flatten(s->over, path, &text, NULL, err, errlen);
    if (rc) return rc;
    *hold = text;
    sh->code = text;
    sh->code_bytes = strlen(text);
    return 0;
}

/* ---- SPIR-V ---- */

static int compare_key(const void *key, const void *row)
{
    return strcmp(key, ((const struct embedded_spirv *)row)->key);
}

static int load_overlaid_glsl(struct kernel_store *s, const char *key, const char *text, const char *path, const char *defines,
                              struct mxb_shader *sh, char *err, size_t errlen)
{
    uint32_t i = 0;
    while (i < s->nspirv && strcmp(s->spirv[i].key, key) != 0) i++;
    if (i == s->nspirv) {
        if (i == MAX_OBJECTS) {
            snprintf(err, errlen, "more than %d overlaid shaders", MAX_OBJECTS);
            return MXB_ENOMEM;
        }
        struct spirv_object o = { .data = NULL };
        const int rc = compile_glsl(text, path, defines, &o.data, &o.bytes, err, errlen);
        if (rc) return rc == MXB_EUNSUP ? MXB_ECOMPILE : rc;
        snprintf(o.key, sizeof(o.key), "%s", key);
        s->spirv[s->nspirv++] = o;
    }
    sh->code = s->spirv[i].data;
    sh->code_bytes = s->spirv[i].bytes;
    return 0;
}

static int load_comp(struct kernel_store *s, const char *path, const char *defines, struct mxb_shader *sh, char *err, size_t errlen)
{
    char key[512], *text = NULL;
    bool over = false;
    snprintf(key, sizeof(key), "%s %s", path, defines);
    if (s->over) {
        int rc = source_flatten(s->over, path, &text, &over, err, errlen);
        if (rc) return rc;
        if (over) rc = load_overlaid_glsl(s, key, text, path, defines, sh, err, errlen);
        free(text);
        if (over || rc) return rc;
    }
    const struct embedded_spirv *e = bsearch(key, embedded_spirv, embedded_spirv_count, sizeof(*e), compare_key);
    if (!e) {
        snprintf(err, errlen, "no SPIR-V was built for %s", key);
        return MXB_ECOMPILE;
    }
    if (e->size == 0) {
        snprintf(err, errlen, "the glslc that built mlxbench does not know an extension that %s requires", path);
        return MXB_EUNSUP;
    }
    sh->code = e->data;
    sh->code_bytes = e->size;
    return 0;
}

/* ---- C ---- */

/* True if the overlay replaces any C file that the op's CPU kernels are made of. */
static bool c_overlaid(const struct kernel_store *s, const struct mxb_op *op)
{
    char prefix[256];
    snprintf(prefix, sizeof(prefix), "kernels/%s/%s/", op->family, op->name);
    for (size_t i = 0; s->over && i < embedded_count; i++) {
        const char *path = embedded_files[i].path, *dot = strrchr(path, '.');
        if (strncmp(path, prefix, strlen(prefix)) != 0 && strncmp(path, "kernels/common/", 15) != 0) continue;
        if (!dot || (strcmp(dot, ".c") != 0 && strcmp(dot, ".h") != 0 && strcmp(dot, ".def") != 0) || strstr(path, ".cl.h")) continue;
        if (overlay_text(s->over, path)) return true;
    }
    return false;
}

static int load_c(struct kernel_store *s, const struct mxb_op *op, const struct mxb_kernel *k, const char *path,
                  struct mxb_shader *sh, char *err, size_t errlen)
{
    uint32_t i = 0;
    sh->code_fn = k->cpu;
    if (!c_overlaid(s, op)) return 0;
    while (i < s->nobject && strcmp(s->object[i].path, path) != 0) i++;
    if (i == s->nobject) {
        struct c_object o = { .handle = NULL };
        int rc = i == MAX_OBJECTS ? MXB_ENOMEM : 0;
        if (rc) snprintf(err, errlen, "more than %d overlaid CPU kernels", MAX_OBJECTS);
        if (rc == 0 && !*s->tree) rc = tree_make(s->over, s->tree, sizeof(s->tree), err, errlen);
        if (rc == 0) rc = compile_c(s->tree, path, &o.handle, err, errlen);
        if (rc) return rc == MXB_EUNSUP ? MXB_ECOMPILE : rc;
        snprintf(o.path, sizeof(o.path), "%s", path);
        s->object[s->nobject++] = o;
    }
    /* POSIX gives functions as object pointers; the copy avoids the cast that ISO C forbids. */
    void *sym = dlsym(s->object[i].handle, k->entry);
    if (!sym) {
        snprintf(err, errlen, "%s does not define %s", path, k->entry);
        return MXB_ECOMPILE;
    }
    memcpy(&sh->code_fn, &sym, sizeof(sym));
    return 0;
}

/* ---- registry source ---- */

/* A request by name alone: the op's default problem, with the requested constants in place of the computed ones. */
static int default_plan(const struct name_ctx *n, const struct reg_request *q, struct plan *plan, char *err, size_t errlen)
{
    unsigned char params[MXB_MAX_PUSH] = { 0 };
    struct mxb_problem pr;
    for (uint32_t i = 0; i < n->op->nparam; i++) {
        const struct mxb_param *p = &n->op->param[i];
        const float f = (float)p->def;
        const uint32_t u = p->type == 'i' ? (uint32_t)(int32_t)p->def : (uint32_t)p->def;
        memcpy(params + p->off, p->type == 'f' ? (const void *)&f : (const void *)&u, 4);
    }
    int rc = problem_init(&pr, n->op, n->entry, params, 1, MXB_FILL_NORMAL, err, errlen);
    if (rc == 0) rc = plan_make(&pr, n->store->dev->be->lang, &n->store->dev->caps, -1, NULL, 0, plan, err, errlen);
    for (uint32_t i = 0; rc == 0 && i < plan->nspec; i++) {
        struct mxb_spec *c = &plan->spec[i];
        if (c->id == 0 || c->id >= 1000) continue;
        c->value = 0;                /* omitted constants are false and 0 */
        for (uint32_t j = 0; j < q->nbool; j++) if (q->bools[j].index == c->id) c->value = q->bools[j].value;
        for (uint32_t j = 0; j < q->nint; j++) if (q->ints[j].index == c->id) c->value = q->ints[j].value;
    }
    return rc;
}

struct hold { char *text; struct plan plan; char defines[512]; };

static void unload(void *p)
{
    struct hold *h = p;
    if (!h) return;
    free(h->text);
    free(h);
}

static int load(const struct reg_source *src, const struct reg_request *q, struct mxb_shader *sh, void **hold,
                char *err, size_t errlen)
{
    const struct name_ctx *n = src->ctx;
    const struct kernel_detail *d = q->detail;
    const char *lang = n->store->dev->be->lang;
    char path[512];
    if (!n->op) {
        snprintf(err, errlen, "the catalogue entry has no source");
        return MXB_ECOMPILE;
    }
    struct hold *h = calloc(1, sizeof(*h));
    if (!h) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    *hold = h;
    const struct plan *plan = d ? d->plan : &h->plan;
    int rc = d ? 0 : default_plan(n, q, &h->plan, err, errlen);
    if (rc) return rc == MXB_EUNSUP || rc == MXB_ENOENT ? MXB_ECOMPILE : rc;
    const struct launch *l = &plan->step[d ? d->step : 0];
    const struct mxb_kernel *k = &plan->impl->kernel[l->kernel];
    entry_defines(n->entry, h->defines, sizeof(h->defines));
    kernel_path(n->op, k, lang, path, sizeof(path));
    sh->entry = k->entry;
    sh->defines = h->defines;
    sh->nbind = l->nbind;
    sh->push_bytes = n->op->param_bytes;
    sh->spec = plan->spec;
    sh->nspec = plan->nspec;
    sh->scratch_bytes = l->scratch_bytes;
    memcpy(sh->local, l->local, sizeof(sh->local));
    if (strcmp(lang, "cl") == 0) return load_cl(n->store, path, sh, (void **)&h->text, err, errlen);
    if (strcmp(lang, "comp") == 0) return load_comp(n->store, path, h->defines, sh, err, errlen);
    return load_c(n->store, n->op, k, path, sh, err, errlen);
}

static int add_name(struct kernel_store *s, struct registry *r, const char *name, char *err, size_t errlen)
{
    struct name_ctx *n = &s->name[s->nname++];
    *n = (struct name_ctx){ .store = s, .name = name };
    n->entry = ops_find_entry(name, &n->op);
    const struct reg_source src = { .load = load, .unload = unload, .ctx = n, .content = source_hash(name) };
    return registry_register(r, name, &src, err, errlen);
}

int kernel_store_register(struct kernel_store *s, struct registry *r, char *err, size_t errlen)
{
    size_t total = catalogue_count;
    int rc = 0;
    for (uint32_t i = 0; i < ops_count(); i++) total += ops_get(i)->nentry;
    s->name = calloc(total, sizeof(*s->name));
    if (!s->name) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    for (uint32_t i = 0; i < catalogue_count && rc == 0; i++) rc = add_name(s, r, catalogue[i].name, err, errlen);
    for (uint32_t i = 0; i < ops_count(); i++)
        for (uint32_t e = 0; e < ops_get(i)->nentry && rc == 0; e++)
            rc = add_name(s, r, ops_get(i)->entry[e].name, err, errlen);
    return rc;
}
