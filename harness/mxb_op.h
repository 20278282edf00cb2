/* What an op is.  Each folder kernels/<family>/<op>/ defines one `const struct mxb_op mxb_op_<op>`.
 *
 * Expressions (grid, shapes, constants, limits) are integer arithmetic over, in this order of lookup:
 * the op's parameters, the entry's constants (BD=256), the impl's constants and tiles, and the device
 * limits local_bytes, max_wg, sg and sg_max (subgroup widths).  Grammar: docs/suite-language.md. */
#ifndef MXB_OP_H
#define MXB_OP_H
#include "harness/mxb_backend.h"

#define MXB_OP_ABI 1

enum mxb_role { MXB_IN, MXB_OUT, MXB_INOUT, MXB_SCRATCH };
enum { MXB_T = -1, MXB_T2 = -2, MXB_T3 = -3 };  /* dtype slots: the entry's dt[0], dt[1], dt[2] */

/* What the inputs look like.  A fill is part of the problem. */
enum mxb_fill {
    MXB_FILL_NORMAL,    /* signed normal or uniform data: also what is timed */
    MXB_FILL_EXACT,     /* small integers: every summation order gives the same bits, so the check is bit equality */
    MXB_FILL_NEEDLE,    /* each output depends on one chosen input (first, last, tile edges): finds mask and tail errors */
    MXB_FILL_LARGE,     /* large offsets and magnitudes: finds missing rescales and cancellation */
    MXB_FILL_PROBE,     /* NaN and inf in a few places: class and place must agree */
    MXB_NFILL
};
/* Generic generator of a tensor for fills that the op does not generate itself. */
enum mxb_gen { MXB_GEN_NONE, MXB_GEN_NORMAL, MXB_GEN_UNIFORM, MXB_GEN_POSITIVE };

/* EXACT: bit equality always.  SIGMA: error model of docs/architecture.md, bit equality under MXB_FILL_EXACT. */
enum mxb_tol { MXB_TOL_SIGMA, MXB_TOL_EXACT };

struct mxb_tensor {                  /* position in the op's table = binding index of kernels without `bind` */
    const char *name;
    enum mxb_role role;
    int dtype;                       /* enum mxb_dtype, or MXB_T, MXB_T2, MXB_T3 */
    const char *shape;               /* "rows,dim": expressions, outermost first, last contiguous */
    enum mxb_gen gen;                /* inputs */
    enum mxb_tol tol;                /* outputs */
    const char *present;             /* bound only where this holds; NULL = always.  Absent: a dummy is bound */
    bool per_tile;                   /* input whose shape or content depends on tile constants */
    const char *classes;             /* u8 input whose values 0, 1, ... are classes: "skipped mixed"; runs print their shares */
};

struct mxb_param {                   /* one 4-byte member of the parameter block, from <op>.def */
    const char *name;
    char type;                       /* 'u' uint32, 'i' int32, 'f' float, 'b' bool as uint32, 'e' enum as uint32 */
    uint32_t off;                    /* byte offset */
    double def, min, max;            /* default and inclusive range */
    const char *names;               /* 'e': "none rank2 rank4", values 0, 1, 2 */
    const char *about;               /* meaning and unit */
};

struct mxb_const {                   /* contract specialisation constant (catalogue section 1.9), part of the cache key */
    const char *name; uint32_t id; char type; /* 'b' or 'i' */
    const char *value;               /* expression */
};
struct mxb_tile {                    /* tuning constant: free to choose, swept by `tile:` */
    const char *name; uint32_t id;   /* id >= 1000 */
    const char *def;                 /* expression */
    const char *choices;             /* "8 16 32": what `tune` tries; other values are allowed if the limits hold */
    const char *about;
};
struct mxb_limit { const char *expr, *reason; };   /* must hold, else SKIP(reason) */

struct mxb_entry {                   /* one entry point of the catalogue */
    const char *name;
    enum mxb_dtype dt[3];            /* slots T, T2, T3 */
    const char *consts;              /* "BD=256 BOOLMASK=0": -D in OpenCL C and GLSL, names in expressions; NULL = none.
                                      * -DDTYPE=dt[0] -DDTYPE2=dt[1] -DDTYPE3=dt[2] are always given too */
};

struct mxb_problem {                 /* one fully resolved question, without a device or an impl */
    const struct mxb_op *op;
    const struct mxb_entry *entry;
    const void *params;              /* struct <op>_params */
    uint64_t seed;
    enum mxb_fill fill;
    uint64_t nelem[MXB_MAX_BIND];    /* elements per tensor, 0 = absent */
    enum mxb_dtype dtype[MXB_MAX_BIND];   /* slots resolved */
};

struct mxb_ref {                     /* a tensor as the oracle sees it, one per tensor of the op */
    double *v;                       /* inputs: exactly decoded; outputs: to be written, before the final rounding */
    double *p;                       /* outputs: error scale P = root sum of squares of the partial sums, in the unit
                                      * of v; starts at 0; NULL for exact tensors */
    double *x;                       /* outputs: standard deviation of op-declared extra errors, absolute; starts at 0 */
    double *n;                       /* outputs of ops with an impl that narrows: standard deviation that its roundings to T
                                      * add, absolute; starts at 0; else NULL */
    double *h;                       /* outputs of ops with an impl that adds in T: standard deviation that these sums add,
                                      * absolute; starts at 0; else NULL */
};

struct mxb_kernel {                  /* one device function of an impl, in step order */
    const char *entry;               /* function in the .cl file, C symbol on the cpu */
    const char *source;              /* stem in the op folder, "rms_norm" -> rms_norm.cl / rms_norm.comp / .c on the cpu */
    const char *grid[3];             /* workgroups as expressions; NULL = 1 */
    const char *local[3];            /* work items per workgroup as expressions; NULL = 1; unused on the cpu */
    const char *bind;                /* "x w y": tensors in binding order; NULL = all in table order */
    const char *local_bytes;         /* local memory needed, expression; NULL = little.  Too much: SKIP */
    const char *scratch_bytes;       /* cpu: per thread, expression over constants and tiles alone, since a pipeline
                                      * serves problems of all parameters; NULL = none */
    mxb_cpu_fn cpu;                  /* cpu only */
};

struct mxb_impl {                    /* one way to compute the op */
    const char *lang;                /* languages with the same launch: "c", or "cl comp" */
    const char *name, *about;        /* "tiled" */
    uint64_t needs;                  /* MXB_FEAT_ bits; missing: SKIP with the feature's name */
    const char *entries;             /* "rms_norm_f32 rms_norm_f16"; NULL = all */
    const struct mxb_const *consts; uint32_t nconst;
    const struct mxb_tile  *tile;   uint32_t ntile;
    const struct mxb_limit *limit;  uint32_t nlimit;
    const struct mxb_kernel *kernel; uint32_t nkernel;
    enum mxb_dtype acc;              /* type of its accumulators: u_acc of the error model; MXB_F32 by default */
    bool narrow;                     /* rounds intermediate results to T: mxb_ref.n joins the error model */
    bool short_sums;                 /* adds a few products in T before they join its accumulator: mxb_ref.h joins too */
};

/* What a custom generator may look at. */
struct mxb_gen_ctx {
    const struct mxb_problem *pr;
    void *const *stored;             /* tensors already generated, stored form; order of the table */
    int64_t (*tile)(const struct mxb_gen_ctx *, const char *name);   /* per_tile tensors: value of a tile constant */
    const void *tile_values;         /* for the callback */
};

struct mxb_op {
    uint32_t abi;                    /* = MXB_OP_ABI */
    const char *name, *family, *about;
    const char *source_ref;          /* where the semantics come from */
    const struct mxb_param  *param;  uint32_t nparam, param_bytes;
    const struct mxb_tensor *tensor; uint32_t ntensor;
    const struct mxb_entry  *entry;  uint32_t nentry;
    const struct mxb_impl   *impl;   uint32_t nimpl;   /* per language the first that the device supports is the default */
    uint32_t fills;                  /* 1u << MXB_FILL_x of the fills that make sense */
    uint32_t def_version;            /* raised when the meaning of a case changes */

    /* Argument checks beyond ranges and shapes, in the spec's order.  0, or MXB_EINVAL with the text in why. */
    int    (*validate)(const struct mxb_problem *, char *why, size_t whylen);
    /* Writes nelem[t] elements of tensor t in stored form into out and returns true, or false: use tensor.gen. */
    bool   (*generate)(const struct mxb_gen_ctx *, uint32_t t, void *out);
    /* Double-precision oracle: items [r0,r1) of `items`.  Threads call it on disjoint ranges.  Item r must write
     * exactly elements [r*n/items, (r+1)*n/items) of every output of n elements. */
    void   (*reference)(const struct mxb_problem *, const struct mxb_ref *t, int64_t r0, int64_t r1);
    const char *items;               /* expression */
    double (*flops)(const struct mxb_problem *);
    double (*bytes)(const struct mxb_problem *);       /* compulsory; NULL = sum of present inputs and outputs */
};

struct mxb_plugin { uint32_t abi; const struct mxb_op *const *op; uint32_t nop; };
#endif
