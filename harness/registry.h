/* The pipeline cache of one device: kernel names to sources, cache keys to compiled pipelines.
 *
 * Key grammar: name { "|" index ":b" 0|1 } { "|" index ":i" value } [ "#" tuning ].  Bool parts come before int parts, each
 * list in the caller's order.  Tuning constants (tiles, impl) are no part of the contract and follow a '#'.
 * Every distinct key is compiled at most once between invalidations; a failed request changes nothing and is retried. */
#ifndef MXB_REGISTRY_H
#define MXB_REGISTRY_H
#include "harness/mxb_backend.h"

struct registry;

struct reg_bool { uint32_t index; bool value; };
struct reg_int  { uint32_t index; int32_t value; };

/* A pipeline asked for.  detail is passed through to the source's loader. */
struct reg_request {
    const char *name;
    const struct reg_bool *bools; uint32_t nbool;
    const struct reg_int  *ints;  uint32_t nint;
    const char *tuning;              /* NULL or "" = none */
    const void *detail;
};

/* Where a name's code comes from.  load() fills *shader for the request (label is set by the registry) and may keep
 * memory in *hold, which unload() frees after compilation.  Errors: MXB_ECOMPILE etc. with text in err. */
struct reg_source {
    int  (*load)(const struct reg_source *, const struct reg_request *, struct mxb_shader *shader, void **hold,
                 char *err, size_t errlen);
    void (*unload)(void *hold);      /* may be NULL */
    const void *ctx;
    uint64_t content;                /* registering the same content again changes nothing; 0 = always different */
};

struct reg_counts { uint32_t sources, cached, compiles, hits, failures; double compile_ns; };

int  registry_new(struct mxb_dev *, struct registry **out);              /* empty; catalogue names: registry_add_catalogue */
void registry_free(struct registry *);                                   /* releases every pipeline */
/* Adds or replaces; drops the cached pipelines of that name (their handles stay valid until registry_free).
 * MXB_EINVAL: the name is no C identifier. */
int  registry_register(struct registry *, const char *name, const struct reg_source *, char *err, size_t errlen);
/* Plain name; with constants; the general form.  MXB_ENOENT "Kernel not found: <name>"; MXB_ECOMPILE text names the plain
 * name.  *out stays valid until registry_free. */
int  registry_get(struct registry *, const char *name, struct mxb_pipe **out, char *err, size_t errlen);
int  registry_get_constants(struct registry *, const char *name, const struct reg_bool *, uint32_t nbool,
                            const struct reg_int *, uint32_t nint, struct mxb_pipe **out, char *err, size_t errlen);
int  registry_get_bools(struct registry *, const char *name, const struct reg_bool *, uint32_t nbool,
                        struct mxb_pipe **out, char *err, size_t errlen);
int  registry_request(struct registry *, const struct reg_request *, struct mxb_pipe **out, double *compile_ns,
                      char *err, size_t errlen);
bool registry_is_cached(struct registry *, const char *key);             /* plain or composite; never compiles */
const char *registry_label(struct registry *, const struct mxb_pipe *);  /* its key; NULL = unknown */
struct reg_counts registry_counts(struct registry *);
/* Writes the key of a request; returns its length as snprintf. */
int  registry_key(const struct reg_request *, char *out, size_t n);
#endif
