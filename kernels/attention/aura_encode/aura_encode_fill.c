/* Inputs of aura_encode.
 *
 * A coordinate next to a boundary may get either code, as the order of an f32 sum has it.  So the boundaries, an input,
 * are moved a little: each into the middle of the widest gap of the rotated data near the midpoint of its two numbers.
 * Then every order of summation gives the same codes, and they are compared bit for bit.
 *
 * normal: rotation with entries of N(0, 1/dim).  needle: the rotation is a permutation, so every code belongs to one
 * input.
 * large: rows of magnitude 2^-20 .. 2^20 (f16: 2^-6 .. 2^6), a zero row, and one so short that its direction counts as
 * zero.
 * probe: NaN and infinities in some rows: all their codes are 0. */
#include "kernels/attention/aura_encode/aura_encode_host.h"
#include <math.h>
#include <stdlib.h>
#include "kernels/common/aura_entries.h"
#include "kernels/common/aura_host.h"

enum { STREAM_ROW = 0x61650001 };                /* of mxb_rand_*; the tensors' own streams are their positions */

static double row_factor(const struct mxb_problem *pr, uint32_t r)
{
    const int most = pr->dtype[T_INPUT] == MXB_F16 ? 6 : 20;
    const uint32_t word = mxb_rand_u32(pr->seed, STREAM_ROW, r);
    if (r % 8 == 1) return 0;
    if (r % 8 == 2 && pr->dtype[T_INPUT] != MXB_F16) return 0x1p-34;     /* a length of 6e-11 sqrt(dim), below 1e-8 */
    return ldexp(1, (int)(word % (2 * (uint32_t)most + 1)) - most);
}

static void large_rows(const struct mxb_problem *pr, void *out)
{
    const struct aura_encode_params *p = pr->params;
    for (uint32_t r = 0; r < p->rows; r++)
        for (uint64_t i = (uint64_t)r * p->dim; i < ((uint64_t)r + 1) * p->dim; i++)
            mxb_store(pr->dtype[T_INPUT], out, i, row_factor(pr, r) * mxb_rand_normal(pr->seed, T_INPUT, i));
}

static void rotation(const struct mxb_problem *pr, void *out)
{
    const uint32_t dim = ((const struct aura_encode_params *)pr->params)->dim;
    for (uint32_t d = 0; d < dim; d++)
        for (uint32_t j = 0; j < dim; j++) {
            const uint64_t i = (uint64_t)d * dim + j;
            const double entry = mxb_rand_normal(pr->seed, T_ROTATION, i) / sqrt(dim);
            mxb_store(pr->dtype[T_ROTATION], out, i, pr->fill == MXB_FILL_NEEDLE ? j == (d * 5 + 3) % dim : entry);
        }
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* All coordinates of all rotated rows, sorted; NaN left out.  NULL: no memory. */
static double *rotated(const struct mxb_gen_ctx *c, uint64_t *n)
{
    const struct mxb_problem *pr = c->pr;
    const struct aura_encode_params *p = pr->params;
    const enum mxb_dtype dt = pr->dtype[T_INPUT];
    double *y = malloc((uint64_t)p->rows * p->dim * sizeof *y), *pi = malloc((uint64_t)p->dim * p->dim * sizeof *pi);
    double x[DIM_MAX];
    *n = 0;
    for (uint64_t i = 0; pi && i < (uint64_t)p->dim * p->dim; i++)
        pi[i] = mxb_load(dt, c->stored[T_ROTATION], i);
    for (uint32_t r = 0; y && pi && r < p->rows; r++) {
        double length2 = 0;
        for (uint32_t j = 0; j < p->dim; j++) {
            x[j] = mxb_load(dt, c->stored[T_INPUT], (uint64_t)r * p->dim + j);
            length2 += x[j] * x[j];
        }
        for (uint32_t d = 0; d < p->dim; d++) {
            double sum = 0;
            for (uint32_t j = 0; j < p->dim; j++)
                sum += pi[(uint64_t)d * p->dim + j] * x[j];
            if (length2 > 1e-16 && isfinite(sum)) y[(*n)++] = sum / sqrt(length2);
        }
    }
    free(pi);
    if (y) qsort(y, *n, sizeof *y, ascending);
    return y;
}

/* The middle of the widest gap between the numbers of y in [lo,hi], its ends included. */
static double widest_gap(const double *y, uint64_t n, double lo, double hi)
{
    double before = lo, best = (lo + hi) / 2, width = 0;
    uint64_t from = 0, to = n;
    while (from < to) {                          /* the first number not below lo */
        const uint64_t middle = from + (to - from) / 2;
        if (y[middle] < lo) from = middle + 1;
        else to = middle;
    }
    for (uint64_t i = from; i <= n && before < hi; i++) {
        const double next = i < n && y[i] < hi ? y[i] : hi;
        if (next - before > width) {
            width = next - before;
            best = before + width / 2;
        }
        before = next;
    }
    return best;
}

static void boundaries(const struct mxb_gen_ctx *c, void *out)
{
    const struct aura_encode_params *p = c->pr->params;
    const uint32_t bits = aura_bits(c->pr->entry);
    uint64_t n;
    double *y = rotated(c, &n);
    for (uint32_t k = 0; k + 1 < 1u << bits; k++) {
        const double low = aura_codebook(bits, p->dim, k), high = aura_codebook(bits, p->dim, k + 1);
        const double quarter = (high - low) / 4;
        /* Without memory the boundaries stay where they are: codes next to them may then fail, none can pass wrongly. */
        mxb_store(MXB_F32, out, k, y ? widest_gap(y, n, low + quarter, high - quarter) : (low + high) / 2);
    }
    free(y);
}

bool aura_encode_generate(const struct mxb_gen_ctx *c, uint32_t t, void *out)
{
    const struct mxb_problem *pr = c->pr;
    const struct aura_encode_params *p = pr->params;
    const uint32_t bits = aura_bits(pr->entry);
    switch (t) {
    case T_INPUT:
        if (pr->fill == MXB_FILL_LARGE) large_rows(pr, out);
        else if (pr->fill == MXB_FILL_NEEDLE)
            for (uint64_t i = 0; i < pr->nelem[t]; i++)
                mxb_store(pr->dtype[t], out, i, mxb_rand_normal(pr->seed, t, i));
        return pr->fill == MXB_FILL_LARGE || pr->fill == MXB_FILL_NEEDLE;
    case T_ROTATION:
        rotation(pr, out);
        return true;
    case T_BOUNDARIES:
        boundaries(c, out);
        return true;
    default:
        for (uint32_t i = 0; i < 1u << bits; i++)
            mxb_store(pr->dtype[t], out, i, aura_codebook(bits, p->dim, i));
        return true;
    }
}
