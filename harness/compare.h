/* `mlxbench compare A B`: two sets of stored runs side by side. */
#ifndef MXB_COMPARE_H
#define MXB_COMPARE_H
#include "harness/store_points.h"

enum pair_verdict {                  /* in the order in which they are shown */
    PAIR_NEWLY_FAILING, PAIR_STILL_FAILING, PAIR_FIXED,
    PAIR_SLOWER, PAIR_FASTER, PAIR_UNCHANGED, PAIR_INCONCLUSIVE,
    PAIR_NOT_COMPARABLE, PAIR_NOT_TIMED, PAIR_SKIPPED, PAIR_ONLY_A, PAIR_ONLY_B, PAIR_NVERDICT
};
extern const char *const pair_verdicts[PAIR_NVERDICT];

struct pair {                        /* one case on one device; a or b NULL: only in the other */
    const struct point *a, *b;       /* the latest result of each side */
    struct round_figure *ra, *rb; size_t na, nb;     /* the rounds of all runs of the side */
    struct ratio ratio;              /* value 0: none */
    bool counts;                     /* in the means: false where an outside program meets a faster case of ours */
    enum pair_verdict verdict;
    const char *why;                 /* what makes it not comparable, or "" */
};
/* Cases pair by id and device; `across`: also on other machines, drivers and environments, and a case of an outside
 * program ("peer:torch") with every case of the same entry point, parameters and cache mode.  Sorted by verdict class,
 * the largest effect first.  The pairs point into the lists.  0 or MXB_ENOMEM. */
int  pairs_make(const struct point_list *a, const struct point_list *b, bool across, struct pair **out, size_t *n);
void pairs_free(struct pair *, size_t n);
/* The point that names the pair: A's, but not that of an outside program where B is one of ours. */
const struct point *pair_case(const struct pair *);

struct cli;
int compare_run(const struct cli *);     /* the command; exit code */
#endif
