/* From a problem to launches on one device: which impl, which constants, how many workgroups, which bindings. */
#ifndef MXB_PLAN_H
#define MXB_PLAN_H
#include "harness/problem.h"
#include "harness/registry.h"
#include "harness/suite.h"

struct launch {                      /* one dispatch */
    uint32_t kernel;                 /* index into impl->kernel */
    uint32_t groups[3], local[3];
    uint8_t  bind[MXB_MAX_BIND]; uint32_t nbind;   /* tensor index per binding */
    uint64_t scratch_bytes;
};

enum { PLAN_MAX_STEPS = 12, PLAN_MAX_LAUNCHES = 2 * MXB_MAX_STEPS };     /* of a chain: ops, launches of them all */

struct plan {
    struct mxb_problem pr;           /* with the sizes of per-tile tensors */
    const struct mxb_impl *impl;
    struct scope scope;              /* parameters, entry constants, device limits, contract constants, tiles */
    struct mxb_spec spec[MXB_MAX_SPEC]; uint32_t nspec;   /* what mxb_shader.spec gets */
    struct reg_bool bools[MXB_MAX_SPEC]; uint32_t nbool;  /* contract constants, as the cache key wants them */
    struct reg_int  ints[MXB_MAX_SPEC];  uint32_t nint;
    char tile_text[128];             /* "BQ=32 BK=16" */
    struct launch step[MXB_MAX_STEPS]; uint32_t nstep;
    /* Of a chain (chain.h), which is a list of plans; an op's plan stands alone.  Tensor t of the k-th plan has the
     * number plan_tensor(k, t). */
    const struct plan *next;         /* NULL = the last one */
    char name[32];                   /* of the chain's step, "" = no chain */
    bool aside;                      /* run with the check alone, not timed; these come last */
    uint16_t from[MXB_MAX_BIND];     /* 1 + number of the earlier tensor that this one is; 0 = a tensor of its own */
};

static inline uint32_t plan_tensor(uint32_t k, uint32_t t) { return k * MXB_MAX_BIND + t; }
const struct plan *plan_at(const struct plan *, uint32_t k);
uint32_t plan_length(const struct plan *);           /* steps of a chain, 1 for an op; 0 for NULL */
/* Number of the tensor whose buffer tensor t of the k-th plan shares. */
uint32_t plan_root(const struct plan *, uint32_t k, uint32_t t);
/* What tensor t of the k-th plan held when its kernels began: of an input its stored form, of a link what the earlier
 * step put out.  stored, out: by number. */
const void *plan_content(const struct plan *, uint32_t k, uint32_t t, void *const *stored, void *const *out);
/* Of the timed steps.  "avx2", of a chain the different ones: "avx2+base"; "BQ=32 BK=16", of a chain
 * "attend.WG=64 undo.WG=32". */
void plan_impl_text(const struct plan *, char *out, size_t n);
void plan_tile_text(const struct plan *, char *out, size_t n);
uint64_t plan_needs(const struct plan *);            /* MXB_FEAT_ bits of the timed steps */

/* impl: index into op->impl, or -1 = the first of this language that the device supports.  0, or with one line in why:
 * MXB_EUNSUP (SKIP), MXB_ENOENT (the op has no impl of this language for the entry: UNIMPLEMENTED), MXB_EINVAL (a table or
 * tile value is wrong: ERROR). */
int plan_make(const struct mxb_problem *, const char *lang, const struct mxb_caps *, int impl,
              const struct tile_value *, uint32_t ntile, struct plan *out, char *why, size_t whylen);
#endif
