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

struct plan {
    struct mxb_problem pr;           /* with the sizes of per-tile tensors */
    const struct mxb_impl *impl;
    struct scope scope;              /* parameters, entry constants, device limits, contract constants, tiles */
    struct mxb_spec spec[MXB_MAX_SPEC]; uint32_t nspec;   /* what mxb_shader.spec gets */
    struct reg_bool bools[MXB_MAX_SPEC]; uint32_t nbool;  /* contract constants, as the cache key wants them */
    struct reg_int  ints[MXB_MAX_SPEC];  uint32_t nint;
    char tile_text[128];             /* "BQ=32 BK=16" */
    struct launch step[MXB_MAX_STEPS]; uint32_t nstep;
};

/* impl: index into op->impl, or -1 = the first of this language that the device supports.  0, or with one line in why:
 * MXB_EUNSUP (SKIP), MXB_ENOENT (the op has no impl of this language for the entry: UNIMPLEMENTED), MXB_EINVAL (a table or
 * tile value is wrong: ERROR). */
int plan_make(const struct mxb_problem *, const char *lang, const struct mxb_caps *, int impl,
              const struct tile_value *, uint32_t ntile, struct plan *out, char *why, size_t whylen);
#endif
