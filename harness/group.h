/* All cases of one problem on all devices: inputs and oracle are made once, every case is held against them. */
#ifndef MXB_GROUP_H
#define MXB_GROUP_H
#include "harness/chain.h"
#include "harness/devices.h"
#include "harness/store.h"
#include "harness/suite.h"

struct slot {                        /* one case on one device */
    const struct bench_case *item;
    struct device *dev;              /* NULL = the backend has none */
    struct plan *plan;               /* NULL = not planned: status says why; of a chain as far as it could be planned */
    enum mxb_status status;
    char reason[MXB_ERRLEN];
    double err_rms, err_max; uint64_t compared;
    double nrmse;                    /* with the normal fill, of the worst output: rms error / rms value; NaN = none */
    int bad_fill;                    /* enum mxb_fill that failed, -1 = none */
    double setup_ns, compile_ns, first_ns, check_ns, case_ns;   /* host */
    struct measurement *round[MAX_ROUNDS]; uint32_t nround;
    struct round_summary figure;
    bool interrupted;                /* by a signal: there is no result */
};

struct group {
    const struct case_list *list;
    const struct bench_problem *bp;
    struct device_list *devices;
    struct arena *arena;
    uint32_t threads;                /* of the oracle */
    struct mxb_problem pr;           /* with the normal fill */
    struct chain_problem *steps;     /* of a chain, else NULL */
    struct slot *slot; uint32_t nslot, cap;
    double oracle_ns, flops, bytes;
    uint32_t oracles;                /* made so far */
    struct fill_run *normal;         /* group.c's: the normal fill's inputs and oracle while cases are timed; or NULL */
    const double *plant;             /* see struct run_opts */
    bool turns;                      /* timed in turns with another program */
    uint64_t order_seed;             /* of the order of the cases in a round */
    uint32_t repeat;                 /* runs per fill, all with the same bits; 0 and 1 = one */
    const char *dump;                /* folder for .npy files of inputs, oracle and outputs; NULL = none */
    /* Cases to leave out; NULL = none. */
    bool (*skip)(void *ctx, const struct group *, const struct bench_case *, const struct device *);
    /* Called with every slot in order, as soon as it has its result.  A failure ends the group. */
    int (*finished)(void *ctx, const struct group *, const struct slot *, char *err, size_t errlen);
    void *ctx;
    uint32_t nfinished;              /* slots handed over so far */
};

void slot_status(struct slot *, enum mxb_status, const char *reason);
/* Plans every case; what cannot run gets its status.  0 or MXB_ENOMEM / MXB_EINVAL with text. */
int  group_begin(struct group *, uint32_t first, uint32_t n, char *err, size_t errlen);
/* Checks each group with every fill, then times what passed, every round over all groups: A, B, then B, A.  The results
 * of a group whose cases are not timed come first.  Stops when run_interrupted is set.  0, or what finished() said. */
int  groups_run(struct group *, uint32_t n, char *err, size_t errlen);
/* Inputs of a group that was timed, by tensor, as far as they do not depend on tiles; NULL = it was not. */
void *const *group_inputs(const struct group *);
void group_end(struct group *);      /* frees the slots; the caller releases the arena */
#endif
