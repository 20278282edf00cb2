/* Interleaved A/B: for each case, pairs of fresh processes of the base and the candidate program, timed in turns, until
 * the rule of decide.h has decided. */
#ifndef MXB_PAIRS_H
#define MXB_PAIRS_H
#include "harness/arm.h"
#include "harness/decide.h"

enum arm_name { BASE, CANDIDATE };

struct trial {                       /* one case on one device */
    const char *text[2];             /* [enum arm_name]: the inline case; different ones only in a control */
    const char *label;               /* of the device, "cpu:0" */
    double min_effect;
    /* results */
    uint32_t n;                      /* pairs */
    double z[AB_MAX_PAIRS];          /* log(candidate / base), of two in turns the median over the turns */
    double ns[2][AB_MAX_PAIRS];      /* [enum arm_name]: level of both medians, parted by exp(z) */
    bool candidate_first[AB_MAX_PAIRS];
    uint32_t lost;                   /* pairs without two times */
    bool alone;                      /* one was lost in turns: a program knows none, or memory holds the case only once */
    bool decided;
    enum verdict verdict;
    struct effect effect;
    char cause[256];                 /* why there is no comparison */
};

struct pairs {
    const struct arm *arm[2];        /* [enum arm_name] */
    struct trial *trial; uint32_t n;
    const char *const *option; uint32_t noption;     /* for both programs */
    double timeout_s;                /* of one case in one process */
    uint64_t seed;                   /* of every order */
    bool bind;                       /* both programs of a pair to one processor, the next pair to the next */
    void (*progress)(void *ctx, uint32_t open, uint32_t pairs);   /* after each pair of processes; may be NULL */
    void *ctx;
    /* results */
    uint32_t processes;
    double wall_ns, kernel_ns;       /* of the processes: in all, and in the kernels that they timed or warmed up */
};
/* 0, or a negative mxb_err with one line in err: a program cannot be run at all, or run_interrupted. */
int pairs_run(struct pairs *, char *err, size_t errlen);
#endif
