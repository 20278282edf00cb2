/* When is a kernel slower?  The rule of the interleaved A/B comparison: looks at 10, 16 and 24 pairs of fresh
 * processes.  docs/gate.md explains it to users. */
#ifndef MXB_DECIDE_H
#define MXB_DECIDE_H
#include <stdbool.h>
#include <stdint.h>

enum verdict { VERDICT_REGRESSED, VERDICT_IMPROVED, VERDICT_UNCHANGED, VERDICT_INCONCLUSIVE, VERDICT_NOISY, VERDICT_NEW,
               VERDICT_MISSING, VERDICT_NEWLY_FAILING, VERDICT_STILL_FAILING, VERDICT_FIXED, VERDICT_SKIPPED,
               VERDICT_NOT_COMPARABLE, VERDICT_COUNT };
const char *verdict_name(enum verdict);              /* "newly failing" */

enum { AB_MAX_PAIRS = 24 };
#define AB_RULE "ab-2: in turns, looks 10 16 24, alpha 0.01/3" /* stored with calibrations, which count for this rule */
#define AB_MIN_EFFECT 0.03

struct effect {                      /* of the candidate on the base, as ratios of time: 1.05 = 5 % slower */
    double ratio, lo, hi;            /* Hodges-Lehmann, 95 % interval; 0 and infinity where there are too few pairs */
    double p_slower, p_faster;       /* exact signed-rank tails */
    double mde;                      /* smallest ratio - 1 that as many pairs of this spread show 80 % of the time */
};

/* z: log(candidate time / base time) of each pair.  True if no further pair is needed, with the verdict: regressed,
 * improved, unchanged, or at AB_MAX_PAIRS inconclusive or noisy.  min_effect: smallest change that matters, 0.03. */
bool ab_decide(const double *z, uint32_t n, double min_effect, struct effect *, enum verdict *);
/* What one pair of processes says, of n >= 1 turns each: log(time of the one that went second / of the other), medians
 * over neighbouring turns. */
double ab_turns(const double *first_ns, const double *second_ns, uint32_t n);
/* The effect at any n >= 1. */
void ab_effect(const double *z, uint32_t n, struct effect *);
#endif
