/* Is it right: the error model.
 *
 * sigma^2 = (u_out*r)^2 + (u_acc*P)^2 + x^2 (+ n^2 for an impl that narrows, + h^2 for one with short sums), floored at half the smallest subnormal of the output dtype, where r is the
 * oracle's value, P and x its error scales, u the unit roundoffs.  Gates: rms(e/sigma) <= 1 and max(e/sigma) <= 8 per
 * tensor, NaN and infinities equal in class and place (and sign of inf).  Exact tensors, integer tensors and the exact
 * fill: bit equality with the oracle's value rounded once (+0 and -0 differ only where the tensor is MXB_TOL_EXACT; the
 * payload of a NaN is free).  MISTRUSTED: nothing was compared, or a tensor passed its gates as one constant while the
 * oracle's values differ by more than their own rounding. */
#ifndef MXB_CHECK_H
#define MXB_CHECK_H
#include "harness/problem.h"

#define CHECK_GATE_RMS 1.0           /* in sigma */
#define CHECK_GATE_MAX 8.0

enum mxb_status {
    ST_PASS, ST_FAIL, ST_SKIP, ST_UNIMPLEMENTED, ST_MISTRUSTED, ST_ERROR, ST_CRASHED, ST_TIMEOUT, ST_COUNT
};
const char *status_name(enum mxb_status);          /* "PASS" ... */
bool status_fails_run(enum mxb_status);            /* all but PASS and SKIP */

struct check_report {
    enum mxb_status status;
    double   err_rms, err_max;       /* in sigma; the worst tensor's; 0 under bit equality that held */
    double   nrmse;                  /* rms error / rms value of the worst output that has an error model; NaN = none */
    uint64_t compared;               /* elements */
    uint64_t bad;                    /* elements beyond their gate */
    uint32_t tensor;                 /* of the worst element */
    uint64_t index;
    double   want, got;
    char     text[MXB_ERRLEN];       /* FAIL: "O[0,3,17,255]: want 0.25, got nan, 1 of 4096 wrong"; "" on PASS */
};
/* got[t]: what the device wrote, stored form, for every output.  acc: the impl's accumulator dtype. */
void check_outputs(const struct mxb_problem *, const struct oracle *, const struct item_set *, void *const *got,
                   enum mxb_dtype acc, double tolerance, struct check_report *);
/* The same for an impl, with its accumulator and its narrowing. */
void check_impl(const struct mxb_problem *, const struct oracle *, const struct item_set *, void *const *got,
                const struct mxb_impl *, double tolerance, struct check_report *);
/* sigma^2 of every element of an output; where bit equality is demanded, that of the rounding to its type alone, and 0
 * where the value is no finite number of that type.  ref: of the whole tensor. */
void check_variance(const struct mxb_problem *, uint32_t t, const struct mxb_ref *, const struct mxb_impl *,
                    double *var);
/* "O[0,3,17]"; the flat index where the shape needs names that only a plan knows. */
void check_place(const struct mxb_problem *, uint32_t t, uint64_t index, char *out, size_t n);
/* Bit equality of two sets of outputs (races, same_bits_as). */
void check_same_bits(const struct mxb_problem *, void *const *a, void *const *b, struct check_report *);

/* Guard zones: `n` bytes of a fixed, position-dependent pattern on both sides of every buffer. */
void guard_fill(void *zone, size_t n, uint64_t salt);
bool guard_intact(const void *zone, size_t n, uint64_t salt, size_t *first_bad);
#endif
