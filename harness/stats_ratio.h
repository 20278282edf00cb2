/* How much slower is B than A, from the few rounds of each?  A round is one process; its samples are no replicates. */
#ifndef MXB_STATS_RATIO_H
#define MXB_STATS_RATIO_H
#include <stddef.h>

struct round_figure { double median, ci_lo, ci_hi; };     /* ns; of the round's samples; interval 0 = not known */

enum ratio_verdict { RATIO_FASTER, RATIO_SLOWER, RATIO_UNCHANGED, RATIO_INCONCLUSIVE };
struct ratio {
    double value, lo, hi;            /* time of B / time of A; lo, hi: its interval, 0 and infinite if there is none */
    enum ratio_verdict verdict;
};

#define RATIO_MARGIN 0.03            /* smaller changes are none */

/* Geometric means of the rounds' medians, with Welch's 99 % t interval on their logarithms, never narrower than what the
 * rounds' own intervals leave open.  Verdicts: FASTER, SLOWER: the interval is on one side of 1 and the change is as large
 * as the margin; UNCHANGED: the interval lies within the margin; else INCONCLUSIVE, as always with less than two rounds on
 * a side.  na, nb >= 1; medians > 0. */
struct ratio ratio_of(const struct round_figure *a, size_t na, const struct round_figure *b, size_t nb);

/* The same where round i of A and round i of B were timed one after the other by one process: the 95 % t interval of the
 * n logarithms log(b_i / a_i), so that what the two have in common cancels. */
struct ratio ratio_of_pairs(const struct round_figure *a, const struct round_figure *b, size_t n);
#endif
