/* How much slower is B than A, from the few rounds of each?  A round is one process; its samples are no replicates. */
#ifndef MXB_STATS_RATIO_H
#define MXB_STATS_RATIO_H
#include <stddef.h>

struct round_figure { double median, ci_lo, ci_hi; };     /* ns; of the round's samples; interval 0 = not known */

enum ratio_verdict { RATIO_FASTER, RATIO_SLOWER, RATIO_UNCHANGED, RATIO_INCONCLUSIVE };
struct ratio {
    double value, lo, hi;            /* time of B / time of A; lo, hi: 99 % interval, 0 and infinite if there is none */
    enum ratio_verdict verdict;
};

#define RATIO_MARGIN 0.03            /* smaller changes are none */

/* Geometric means of the rounds' medians, with Welch's t interval on their logarithms, never narrower than what the rounds'
 * own intervals leave open.  Verdicts: FASTER, SLOWER: the interval is on one side of 1 and the change is as large as the
 * margin; UNCHANGED: the interval lies within the margin; else INCONCLUSIVE, as always with less than two rounds on a side.
 * na, nb >= 1; medians > 0. */
struct ratio ratio_of(const struct round_figure *a, size_t na, const struct round_figure *b, size_t nb);
#endif
