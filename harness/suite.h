/* Suites: YAML files that describe cases, and their expansion into a flat list. */
#ifndef MXB_SUITE_H
#define MXB_SUITE_H
#include "harness/mxb_op.h"

enum { SUITE_MAX_TILE = 8, MAX_ROUNDS = 16 };        /* MAX_ROUNDS: worker processes that a device has open at once */
enum suite_backend { BACKEND_CPU, BACKEND_OPENCL, BACKEND_VULKAN, NBACKEND_BUILTIN };   /* bit numbers */
enum cache_mode { CACHE_WARM, CACHE_COLD };

struct check_opts {
    bool     enabled;                /* `check: false` = only time */
    uint32_t fills;                  /* 1u << MXB_FILL_x; never empty when enabled */
    uint64_t sampled;                /* 0 = every item, else this many seeded items */
    double   tolerance;              /* factor on sigma, 1 unless the suite gives `tolerance:` with a `reason:` */
    const char *reason;
    /* `same_bits_as: {param: value}`: the output must be bit-identical to that of the same case with these parameters
     * changed. NULL = not asked.  A full parameter block per case is made on use by suite_same_bits(). */
    const struct suite_same *same;
};
struct bench_opts {
    bool     enabled;                /* `bench: false` = only check */
    uint32_t cache;                  /* 1u << CACHE_x */
    uint32_t rounds;                 /* fresh worker processes, 3 by default */
    double   min_time_ns, max_time_ns;   /* per round: 50 ms, 2 s */
    double   min_effect;             /* smallest change of the time that matters to the gate: 0.03 */
};

struct suite_block {                 /* one item of `cases:`, or of an arm of `pairs:` */
    const struct suite *suite;
    int line, col;
    const struct mxb_op *op;
    struct check_opts check;
    struct bench_opts bench;
    const char *const *tag; uint32_t ntag;
    const struct suite_pair *pair;   /* NULL = of `cases:` */
    uint32_t ncase[NBACKEND_BUILTIN];    /* of a pair: combinations that it gives on each backend */
};

enum { PAIR_MAX_PARTS = 8, PAIR_MAX_VARIANTS = 1000 };
struct suite_pair {                  /* one item of `pairs:`: A against B, timed in the same rounds */
    const char *name, *claim;        /* claim: what the source says of it, "" = nothing */
    const struct suite_block *part[2][PAIR_MAX_PARTS];   /* [arm]: the times of an arm's parts are added up */
    uint32_t npart[2];
    /* Combinations on each backend, each a ratio of its own.  A part has as many, or one that serves them all. */
    uint32_t nvariant[NBACKEND_BUILTIN];
};
struct suite {
    const char *path, *name, *about;
    uint64_t seed;
    uint64_t hash;                   /* XXH3 of the file's bytes, includes mixed in */
    struct suite_block *block; uint32_t nblock;
};

struct bench_problem {               /* what is asked, shared by its cases */
    const struct suite_block *block;
    const struct mxb_entry *entry;
    const void *params;              /* block->op->param_bytes */
    uint64_t seed;
};
struct tile_value { const char *name; int32_t value; };      /* name: from the op's tables */
struct bench_case {                  /* one case before a device is chosen; kept small: there may be 100,000 */
    uint32_t problem;                /* index into plan.problem; cases of a problem are adjacent */
    uint8_t  backend;                /* enum suite_backend */
    uint8_t  cache;                  /* enum cache_mode */
    int16_t  impl;                   /* index into op->impl, or -1: the first that the device supports */
    uint32_t tile, ntile;            /* slice of plan.tile: overrides of the impl's defaults */
    uint32_t variant;                /* of a pair: which of its part's combinations on this backend */
};
struct case_list {
    struct suite *const *suite; uint32_t nsuite;
    struct bench_problem *problem; uint32_t nproblem;
    struct bench_case *item; uint32_t nitem;
    struct tile_value *tile; uint32_t ntile;
    void *arena;                     /* owns everything above */
};

struct suite_opts {                  /* from the command line */
    const uint64_t *seed;            /* NULL = the suites' own */
    const char *const *backend; uint32_t nbackend;   /* restrict; empty = the suites' own lists */
    const char *const *op, *const *entry, *const *tag; uint32_t nop, nentry, ntag;   /* restrict; empty = all */
    const char *filter;              /* glob or substring matched against case_text(); NULL = all */
    bool check_only, bench_only;
    uint32_t shard, nshard;          /* 1-based i of n by problem; nshard 0 = all */
    uint32_t rounds;                 /* 0 = the suites' own */
};

/* Reads the suites (a path, or text beginning with '{' = one inline case) and expands them.  Every combination of
 * parameters is range-checked and validated here, so a bad one is an error of the suite.  MXB_EPARSE / MXB_EINVAL /
 * MXB_ENOENT / MXB_ENOMEM: one line in err, "file:line:column: what is wrong"; then out is empty. */
int  suites_load(const char *const *path, uint32_t npath, const struct suite_opts *, struct case_list *out,
                 char *err, size_t errlen);
void suites_free(struct case_list *);

/* Canonical one-line text of a problem's parameters: "batch=1 n_heads=16 do_causal=true mask=rank2", table order, all
 * of them; floats as %.9g.  Returns the length, as snprintf. */
int  params_text(const struct mxb_op *, const void *params, char *out, size_t n);
/* The same as a JSON object. */
int  params_json(const struct mxb_op *, const void *params, char *out, size_t n);
/* "flash_attn_prefill_bf16_d256 batch=1 ... seed=1 vulkan tiled BQ=32 BK=16 warm": what --filter matches. */
int  case_text(const struct case_list *, const struct bench_case *, char *out, size_t n);
/* Inline case (flow YAML) that reproduces it: '{op: ..., entries: [...], params: {...}, ...}', parameters that have
 * their default value left out; fill < 0 = the suite's list of fills. */
int  case_inline(const struct case_list *, const struct bench_case *, int fill, char *out, size_t n);
/* XXH3 of case_text() without the suite: the stable id of a case, shown as 10 hex digits. */
uint64_t case_hash(const struct case_list *, const struct bench_case *);
/* The parameter block of the twin that `same_bits_as` asks for. */
int  suite_same_bits(const struct suite_same *, const struct bench_problem *, void *params_out, char *err,
                     size_t errlen);
#endif
