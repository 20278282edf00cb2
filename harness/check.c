/* Compares device outputs with the oracle: the error model, bit equality, and the text of a failure. */
#include "harness/check.h"
#include "harness/dtype.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BATCH = 1024 };

static const char *const status_names[ST_COUNT] = {
    "PASS", "FAIL", "SKIP", "UNIMPLEMENTED", "MISTRUSTED", "ERROR", "CRASHED", "TIMEOUT",
};

const char *status_name(enum mxb_status s)
{
    return status_names[s];
}

bool status_fails_run(enum mxb_status s)
{
    return s != ST_PASS && s != ST_SKIP;
}

struct view {                        /* one output under comparison */
    enum mxb_dtype dtype;
    bool bits;                       /* bit equality instead of the error model */
    bool signed_zero;                /* +0 and -0 differ */
    const struct mxb_ref *ref;
    const void *got;
    double u_out, u_acc;
    bool narrow, short_sums;         /* the impl's roundings of intermediate results count, and its sums in T */
    double overflow;                 /* values of this magnitude and more round to infinity */
    double floor2;                   /* smallest sigma, squared */
    double gate2;                    /* largest (e/sigma)^2 of a good element */
};

struct tally {                       /* of one output */
    uint64_t compared, bad, at;      /* at: the worst element */
    double sum2, worst2;             /* of (e/sigma)^2 */
    double e2, v2;                   /* sums of squared errors and values, where both are finite */
    double got_lo, got_hi, want_lo, want_hi;   /* finite values */
};

static struct view make_view(const struct mxb_problem *pr, uint32_t t, const struct mxb_ref *ref, const void *got,
                             const struct mxb_impl *im, double tolerance)
{
    const enum mxb_dtype dt = pr->dtype[t];
    const double u = mxb_unit(dt);
    const bool integer = u == 0, exact = pr->op->tensor[t].tol == MXB_TOL_EXACT;
    return (struct view){
        .dtype = dt, .bits = integer || exact || pr->fill == MXB_FILL_EXACT, .signed_zero = exact,
        .ref = ref, .got = got,
        .u_out = u, .u_acc = mxb_unit(im->acc), .narrow = im->narrow && ref->n,
        .short_sums = im->short_sums && ref->h, .overflow = (2 - u) * (dt == MXB_F16 ? 0x1p15 : 0x1p127),
        .floor2 = dtype_tiny(dt) * dtype_tiny(dt) / 4, .gate2 = CHECK_GATE_MAX * CHECK_GATE_MAX * tolerance * tolerance,
    };
}

/* NaN equals NaN whatever its payload: the oracle knows only that it is one. */
static bool same(double want, double got, bool signed_zero)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got);
    return want == got && (!signed_zero || signbit(want) == signbit(got));
}

/* sigma^2 of a finite element. */
static double variance(const struct view *w, uint64_t i)
{
    const double p = w->ref->p ? w->ref->p[i] : 0, x = w->ref->x ? w->ref->x[i] : 0, n = w->narrow ? w->ref->n[i] : 0;
    const double h = w->short_sums ? w->ref->h[i] : 0;
    const double out = w->u_out * w->ref->v[i], acc = w->u_acc * p;
    const double var = out * out + acc * acc + x * x + n * n + h * h;
    return var < w->floor2 ? w->floor2 : var;
}

static double squared_error(const struct view *w, uint64_t i, double got)
{
    const double v = w->ref->v[i];
    if (!(fabs(v) < w->overflow) || !isfinite(got))
        return same(mxb_round(w->dtype, v), got, false) ? 0 : INFINITY;
    const double e = got - v, var = variance(w, i);
    const double z2 = e * e / var;
    return isfinite(var) && isfinite(z2) ? z2 : INFINITY;   /* an error scale that says nothing proves nothing */
}

static void compare_batch(const struct view *w, uint64_t first, uint64_t n, struct tally *a)
{
    const double *v = w->ref->v + first;
    double got[BATCH], want[BATCH], z2[BATCH];
    char rounded[BATCH * 4];
    dtype_decode(w->dtype, w->got, first, n, got);
    if (w->bits) {
        dtype_encode(w->dtype, rounded, 0, n, v);
        dtype_decode(w->dtype, rounded, 0, n, want);
        for (uint64_t i = 0; i < n; i++)
            z2[i] = same(want[i], got[i], w->signed_zero) ? 0 : INFINITY;
    } else {
        for (uint64_t i = 0; i < n; i++)
            z2[i] = squared_error(w, first + i, got[i]);
    }
    for (uint64_t i = 0; i < n; i++) {
        a->sum2 += z2[i];
        a->bad += z2[i] > w->gate2;
        if (z2[i] > a->worst2) {
            a->worst2 = z2[i];
            a->at = first + i;
        }
        if (isfinite(got[i]) && isfinite(v[i])) {
            a->e2 += (got[i] - v[i]) * (got[i] - v[i]);
            a->v2 += v[i] * v[i];
            a->got_lo = got[i] < a->got_lo ? got[i] : a->got_lo;
            a->got_hi = got[i] > a->got_hi ? got[i] : a->got_hi;
            a->want_lo = v[i] < a->want_lo ? v[i] : a->want_lo;
            a->want_hi = v[i] > a->want_hi ? v[i] : a->want_hi;
        }
    }
    a->compared += n;
}

static void compare_range(const struct view *w, uint64_t begin, uint64_t end, struct tally *a)
{
    for (uint64_t i = begin; i < end; i += BATCH)
        compare_batch(w, i, end - i < BATCH ? end - i : BATCH, a);
}

static struct tally compare_tensor(const struct view *w, uint64_t nelem, const struct item_set *set)
{
    struct tally a = { .got_lo = INFINITY, .got_hi = -INFINITY, .want_lo = INFINITY, .want_hi = -INFINITY };
    const uint64_t per_item = nelem / (uint64_t)set->items;
    if (!set->pick)
        compare_range(w, 0, nelem, &a);
    for (uint64_t i = 0; set->pick && i < set->npick; i++)
        compare_range(w, (uint64_t)set->pick[i] * per_item, ((uint64_t)set->pick[i] + 1) * per_item, &a);
    return a;
}

/* One constant passed as the answer although the wanted values differ by more than their own rounding: the error scale
 * is so wide that the comparison said nothing. */
static bool is_vacuous(const struct view *w, const struct tally *a)
{
    const double size = fmax(fabs(a->want_lo), fabs(a->want_hi));
    return !w->bits && a->got_lo == a->got_hi && a->want_hi - a->want_lo > 8 * w->u_out * size;
}

/* ---- texts ---- */

void check_place(const struct mxb_problem *pr, uint32_t t, uint64_t index, char *out, size_t room)
{
    uint64_t dim[PROBLEM_MAX_DIM], at[PROBLEM_MAX_DIM], product = 1;
    uint32_t ndim = 0;
    char err[MXB_ERRLEN];
    if (problem_shape(pr, t, NULL, dim, &ndim, err, sizeof err) == 0)
        for (uint32_t i = 0; i < ndim; i++)
            product *= dim[i];
    if (ndim == 0 || product != pr->nelem[t]) {
        snprintf(out, room, "%s[%" PRIu64 "]", pr->op->tensor[t].name, index);
        return;
    }
    for (uint32_t i = ndim; i-- > 0; index /= dim[i])
        at[i] = index % dim[i];
    int len = snprintf(out, room, "%s", pr->op->tensor[t].name);
    for (uint32_t i = 0; i < ndim && len >= 0 && (size_t)len < room; i++)
        len += snprintf(out + len, room - (size_t)len, "%c%" PRIu64 "%s", i ? ',' : '[', at[i],
                        i + 1 < ndim ? "" : "]");
}

static void fail_text(const struct mxb_problem *pr, struct check_report *r, double gate_rms)
{
    char place[160], sigma[40] = "";
    check_place(pr, r->tensor, r->index, place, sizeof place);
    if (isfinite(r->err_max))
        snprintf(sigma, sizeof sigma, " (%.3g sigma)", r->err_max);
    if (r->bad > 0)
        snprintf(r->text, sizeof r->text, "%s: want %.9g, got %.9g%s, %" PRIu64 " of %" PRIu64 " wrong", place, r->want,
                 r->got, sigma, r->bad, r->compared);
    else
        snprintf(r->text, sizeof r->text,
                 "%s: rms error %.3g sigma, at most %.3g allowed; worst %s: want %.9g, got %.9g%s",
                 pr->op->tensor[r->tensor].name, r->err_rms, gate_rms, place, r->want, r->got, sigma);
}

/* ---- entry points ---- */

void check_outputs(const struct mxb_problem *pr, const struct oracle *oracle, const struct item_set *set,
                   void *const *got, enum mxb_dtype acc, double tolerance, struct check_report *r)
{
    check_impl(pr, oracle, set, got, &(struct mxb_impl){ .acc = acc }, tolerance, r);
}

void check_impl(const struct mxb_problem *pr, const struct oracle *oracle, const struct item_set *set, void *const *got,
                const struct mxb_impl *im, double tolerance, struct check_report *r)
{
    double worst = -1;               /* of the tensors, the larger of its two figures in units of their gates */
    const char *vacuous = NULL;
    double constant = 0;
    *r = (struct check_report){ .status = ST_PASS, .nrmse = NAN };
    for (uint32_t t = 0; t < pr->op->ntensor; t++) {
        if (!problem_writes(pr, t))
            continue;
        const struct view w = make_view(pr, t, &oracle->t[t], got[t], im, tolerance);
        const struct tally a = compare_tensor(&w, pr->nelem[t], set);
        if (a.compared == 0)
            continue;
        const double rms = sqrt(a.sum2 / (double)a.compared), max = sqrt(a.worst2);
        r->compared += a.compared;
        r->bad += a.bad;
        if (!w.bits && a.v2 > 0)
            r->nrmse = fmax(r->nrmse, sqrt(a.e2 / a.v2));    /* fmax() takes the number beside a NaN */
        if (a.bad > 0 || !(rms <= CHECK_GATE_RMS * tolerance))
            r->status = ST_FAIL;
        if (is_vacuous(&w, &a)) {
            vacuous = pr->op->tensor[t].name;
            constant = a.got_lo + 0.0;   /* -0 reads better as 0 */
        }
        if (fmax(rms / CHECK_GATE_RMS, max / CHECK_GATE_MAX) > worst) {
            worst = fmax(rms / CHECK_GATE_RMS, max / CHECK_GATE_MAX);
            r->err_rms = rms;
            r->err_max = max;
            r->tensor = t;
            r->index = a.at;
            r->want = w.bits ? mxb_round(w.dtype, w.ref->v[a.at]) : w.ref->v[a.at];
            r->got = mxb_load(w.dtype, w.got, a.at);
        }
    }
    if (r->status == ST_FAIL) {
        fail_text(pr, r, CHECK_GATE_RMS * tolerance);
    } else if (r->compared == 0) {
        r->status = ST_MISTRUSTED;
        snprintf(r->text, sizeof r->text, "nothing was compared");
    } else if (vacuous) {
        r->status = ST_MISTRUSTED;
        snprintf(r->text, sizeof r->text, "%s: every output is %.9g although the wanted values differ", vacuous,
                 constant);
    }
}

void check_variance(const struct mxb_problem *pr, uint32_t t, const struct mxb_ref *ref, const struct mxb_impl *im,
                    double *var)
{
    const struct view w = make_view(pr, t, ref, NULL, im, 1);
    for (uint64_t i = 0; i < pr->nelem[t]; i++) {
        const double v = ref->v[i], out = w.u_out * v;
        var[i] = !(fabs(v) < w.overflow) ? 0 : w.bits ? out * out : variance(&w, i);
    }
}

void check_same_bits(const struct mxb_problem *pr, void *const *a, void *const *b, struct check_report *r)
{
    *r = (struct check_report){ .status = ST_PASS, .nrmse = NAN };
    for (uint32_t t = 0; t < pr->op->ntensor; t++) {
        const size_t size = mxb_dtype_size(pr->dtype[t]);
        const char *x = a[t], *y = b[t];
        if (!problem_writes(pr, t))
            continue;
        r->compared += pr->nelem[t];
        for (uint64_t i = 0; i < pr->nelem[t]; i++)
            if (memcmp(x + i * size, y + i * size, size) != 0 && r->bad++ == 0) {
                r->tensor = t;
                r->index = i;
                r->want = mxb_load(pr->dtype[t], x, i);
                r->got = mxb_load(pr->dtype[t], y, i);
            }
    }
    if (r->compared == 0) {
        r->status = ST_MISTRUSTED;
        snprintf(r->text, sizeof r->text, "nothing was compared");
    } else if (r->bad > 0) {
        char place[160];
        r->status = ST_FAIL;
        r->err_rms = r->err_max = INFINITY;
        check_place(pr, r->tensor, r->index, place, sizeof place);
        snprintf(r->text, sizeof r->text, "%s: %.9g and %.9g, %" PRIu64 " of %" PRIu64 " differ in bits", place,
                 r->want, r->got, r->bad, r->compared);
    }
}
