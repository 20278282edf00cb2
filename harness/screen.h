/* The screen against the history: which cases look slower than their earlier runs say?  A suspect is not a verdict: runs
 * of different days share a machine's moods, so that only an A/B comparison (decide.h) can convict. */
#ifndef MXB_SCREEN_H
#define MXB_SCREEN_H
#include <stdbool.h>
#include <stdint.h>

enum { SCREEN_RUNS = 10, SCREEN_MIN_RUNS = 5 };      /* of history that are looked at; fewer: the case is new */

struct screened {                    /* one case on one device */
    double now;                      /* log of the present time */
    double before[SCREEN_RUNS]; uint32_t n;          /* logs of the earlier runs' times */
    /* results */
    bool   judged;                   /* n >= SCREEN_MIN_RUNS */
    double ratio;                    /* present time / median of the earlier ones */
    double lo, hi;                   /* 95 % interval of the ratio that an unchanged kernel would show */
    double p, q;                     /* one-sided: slower; q: Benjamini-Hochberg over all judged cases */
    bool   suspect;                  /* p <= 0.10 and ratio >= 1.02 */
};
int screen(struct screened *, uint32_t n);           /* 0 or MXB_ENOMEM */

/* Prior of variances, s^2 ~ s0^2 F(d, d0): from m variances s2[i] with d[i] degrees of freedom.  Returns d0, INFINITY where
 * they spread no more than chance explains; 0 where there is none (m < 2): no shrinking. */
double variance_prior(const double *s2, const double *d, uint32_t m, double *s02);
/* q[i] = Benjamini-Hochberg adjusted p[i].  0 or MXB_ENOMEM. */
int benjamini_hochberg(const double *p, uint32_t m, double *q);
#endif
