/* A chain: several ops one after another on shared buffers, as one case.
 *
 * For the case list, the database and the reports a chain is an op without tensors, whose parameters are those that the
 * suite gives to the chain.  What runs are its steps: each is an ordinary op with a problem and a plan of its own; its
 * inputs are its own or linked to tensors of earlier steps.  A chain's entries are its variants: one entry of every
 * step. */
#ifndef MXB_CHAIN_H
#define MXB_CHAIN_H
#include "harness/check.h"
#include "harness/plan.h"

struct arena;

enum { CHAIN_MAX_STEPS = PLAN_MAX_STEPS, CHAIN_MAX_CLAIMS = 8, CHAIN_NAME = 32 };

struct chain_ref { uint8_t step, tensor; };

struct chain_link {                  /* an input of a step that is a tensor of an earlier one */
    uint8_t tensor;
    struct chain_ref from;
    int line, col;                   /* in the suite */
};
struct chain_value {                 /* a parameter of a step */
    uint32_t param, bits;
    struct expr *e; const char *text;                /* `=expression` over struct chain_step.var; NULL = bits */
};
struct chain_step {
    char name[CHAIN_NAME];
    const struct mxb_op *op;
    const struct mxb_entry *const *entry;            /* one per variant of the chain */
    bool listed;                     /* the suite gives a list of entries */
    bool aside;                      /* run with the check alone */
    const struct chain_value *value; uint32_t nvalue;
    const char *const *var; uint32_t nvar;           /* of expressions: parameters of the chain, constants of entries */
    const struct chain_link *link; uint32_t nlink;
    const char *const *impl; uint32_t nimpl;         /* the first that the language has; none = auto */
    const struct tile_value *tile; uint32_t ntile;   /* of those, what the implementation has */
    int line, col;                   /* in the suite */
};

enum chain_claim_kind { CLAIM_AGREE, CLAIM_SAME_BITS, CLAIM_NRMSE };
struct chain_claim {                 /* what must hold between two tensors beyond each step's own check */
    enum chain_claim_kind kind;
    struct chain_ref of, to;
    double min, max;                 /* NRMSE: bounds of rms(of - to) / rms(to) */
    int line, col;
};

struct chain {
    struct mxb_op op;                /* first: a chain is an op */
    struct chain_step step[CHAIN_MAX_STEPS]; uint32_t nstep;   /* those aside come last */
    struct chain_claim claim[CHAIN_MAX_CLAIMS]; uint32_t nclaim;
};

/* Makes the callbacks of c->op.  Everything else of c is set by the reader (chain_read.c). */
void chain_op(struct chain *);
const struct chain *chain_of(const struct mxb_op *);         /* NULL = an ordinary op */

/* The problems of the steps, with the links between their tensors.  An ordinary op is one step. */
struct chain_problem {
    const struct chain *chain;       /* NULL = an op */
    uint32_t n;
    struct mxb_problem pr[CHAIN_MAX_STEPS];          /* seeds count up: no two steps have the same inputs */
    uint16_t from[CHAIN_MAX_STEPS][MXB_MAX_BIND];    /* as struct plan.from */
    unsigned char params[CHAIN_MAX_STEPS][MXB_MAX_PUSH];     /* what pr[].params point to: do not copy */
    int line, col;                   /* after a failure: where in the suite the fault is, 0 = in the case */
};
/* MXB_EINVAL with the step's name and the text in err: an argument is wrong, or a link's shape. */
int  chain_problem_init(struct chain_problem *, const struct mxb_problem *, char *err, size_t errlen);
double chain_memory(const struct chain_problem *);           /* bytes of all tensors, links once */

/* Plans for every step, in one list in the arena, where the problem must lie too.  As plan_make(), with the step's name
 * before the text; after a failure the list ends before that step. */
int  chain_plan(const struct chain_problem *, const char *lang, const struct mxb_caps *, struct arena *,
                struct plan **out, char *why, size_t whylen);

/* Is it right: every step against its oracle on the inputs that it really read, then the chain's claims. */
struct chain_judgement {
    enum mxb_status status;
    double err_rms, err_max; uint64_t compared;      /* of the worst step; of all steps */
    char text[MXB_ERRLEN];           /* why it is not PASS; else the worst step and the claims' figures */
};
struct chain_check_opts { uint64_t sampled; double tolerance; uint32_t threads; bool claims; };
/* plan: the steps that have run; stored, out: by plan_tensor().  Ends with the first step that is wrong: what comes
 * after it may have read anything. */
void chain_check(const struct chain *, const struct plan *, void *const *stored, void *const *out,
                 const struct chain_check_opts *, struct chain_judgement *);
#endif
