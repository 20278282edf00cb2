/* `mlxbench history CASE`: what a case took over time, and where that changed. */
#ifndef MXB_HISTORY_H
#define MXB_HISTORY_H
#include "harness/changepoint.h"
#include "harness/store_points.h"

/* One case on one device of one machine, oldest first; a new driver, system or compiler goes on in the same series. */
struct series {
    const struct point **point;      /* [n], into the list */
    uint32_t n;
    struct step *step; size_t nstep; /* change points; step.at is an index into point */
};
/* Splits a list into series and finds their steps.  0 or MXB_ENOMEM. */
int  series_make(const struct point_list *, struct series **out, uint32_t *n);
void series_free(struct series *, uint32_t n);
/* What changed around the program between two points: "driver 1.2 -> 1.3"; "" = nothing.  Returns out. */
const char *series_change(const struct point *before, const struct point *after, char *out, size_t n);

struct cli;
int history_run(const struct cli *);     /* the command; exit code */
#endif
