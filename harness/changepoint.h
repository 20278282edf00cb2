/* Where did a series of timings change its level?  Penalised least squares on logarithms, after Killick et al. 2012 (optimal
 * partitioning), with outliers clipped and weak steps removed. */
#ifndef MXB_CHANGEPOINT_H
#define MXB_CHANGEPOINT_H
#include <stddef.h>

struct step {
    size_t at;                       /* first point of the new level */
    double ratio;                    /* new level / old level; levels are geometric means over the segments */
    double p;                        /* Welch's t test between the segments on both sides, two-sided */
};

/* Steps in n values in order of time, each > 0 (a median per run).  Segments have at least 3 points; a step stays only if
 * p < 0.001 and the level moves by 2 % or more.  *out is malloc'ed, NULL if there is none.  0 or MXB_ENOMEM. */
int changepoints(const double *ns, size_t n, struct step **out, size_t *nstep);

/* ---- parts, for the tests ---- */
/* sd of the noise from the differences of neighbours, which steps hardly touch; at least 0.2 %.  x: logarithms. */
double changepoint_noise(const double *x, size_t n);
/* Boundaries (first points of segments but the first) that minimise sum of squares + penalty per boundary; segments of at
 * least 3.  Room for n / 3 of them.  Their number, or MXB_ENOMEM. */
long changepoint_partition(const double *x, size_t n, double penalty, size_t *boundary);
#endif
