/* Inputs and oracle of hadamard_quantize_kv.
 *
 * Devices may differ by a few roundoffs in v, so an index may differ by one where v lies next to a boundary.  No
 * generated vector has such a coordinate: a vector with one nearer to a boundary than 8 sigma of the error scale of v
 * is drawn again.  So the indices are compared bit for bit.  Coordinates that are exactly 0 stay: every device gets
 * them exactly, and they sit on the middle boundary, where a tie goes down.
 *
 * Error scale, in units of u.  Sums of the transform: tq_oracle.h.  N = sqrt(S / k), S = sum z^2: the variance of S is
 * that of z, (2 z)^2 var, that of the squares, and that of the partial sums (serial: no sensible order is worse); half
 * of its relative error reaches N.  What is common to a vector does not average out and enters with its bound: square
 * root, 9 roundoffs (Vulkan: inverse square root and division; OpenCL: 3 ulp); 1 / N, 5; then one product each by the
 * scale factor and by z. */
#include <math.h>
#include "kernels/common/tq_oracle.h"
#include "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.h"

enum { STREAM_SRC = 0x68710001, STREAM_PLACE, STREAM_SIZE, ATTEMPTS = 64 };   /* of mxb_rand_* */
static const double SMALLEST_NORM = 1e-10, SQRT_ERROR = 9, DIVISION_ERROR = 5;

void hadamard_quantize_kv_encode(const struct mxb_problem *pr, const double *z, const double *z_var, struct encoded *e)
{
    const struct hadamard_quantize_kv_params *p = pr->params;
    const struct shape s = hadamard_quantize_kv_shape(pr);
    for (uint32_t b = 0; b < s.blocks; b++) {
        double sum = 0, var = 0;
        for (uint32_t i = 256 * b; i < 256 * (b + 1); i++) {
            sum += z[i] * z[i];
            var += sum * sum + pow(z[i], 4) + 4 * z[i] * z[i] * z_var[i];
        }
        const double norm = sqrt(s.dim == 256 ? sum : sum / 256);
        const double target = s.dim == 256 ? 16 : (double)p->scale_factor_d512;
        const double scale = norm > SMALLEST_NORM ? 1 / norm * target : 0;
        const double relative2 = sum > 0 ? var / (4 * sum * sum) + SQRT_ERROR * SQRT_ERROR : 0;
        e->norm[b] = norm;
        e->norm_p[b] = isfinite(norm) ? norm * sqrt(relative2) : 0;
        for (uint32_t i = 256 * b; i < 256 * (b + 1); i++) {
            e->v[i] = z[i] * scale;
            e->v_p[i] = isfinite(e->v[i]) ? sqrt(scale * scale * z_var[i] + e->v[i] * e->v[i] *
                                                 (relative2 + DIVISION_ERROR * DIVISION_ERROR + 2)) : 0;
        }
    }
}

/* ---- inputs ---- */

static double row_normal(const struct mxb_problem *pr, uint64_t draw, uint32_t j)
{
    return mxb_rand_normal(pr->seed, STREAM_SRC, draw * MAX_DIM + j);
}

/* LARGE: a vector of every scale: huge, small, just below and just above the smallest norm, zero. */
static double row_factor(uint64_t row, uint32_t dim)
{
    const int below = dim == 256 ? -38 : -34;    /* norms of 0.6e-10 and 2.3e-10 */
    switch (row % 5) {
    case 0:  return 0x1p40;
    case 1:  return ldexp(1, below);
    case 2:  return ldexp(1, below + 2);
    case 3:  return 0x1p-26;
    default: return 0;
    }
}

/* NEEDLE: x whose rotation has eight coordinates of random size, at ends and edges or anywhere, and exact zeros; at
 * DIM = 512 by turns in one half, the other, and both. */
static void needle_row(const struct mxb_problem *pr, uint64_t row, uint64_t draw, uint32_t dim, double *x)
{
    static const uint32_t edge[] = { 0, 1, 31, 32, 63, 64, 127, 128, 254, 255 };
    double z[MAX_DIM] = { 0 }, var[MAX_DIM];
    for (uint32_t k = 0; k < 8; k++) {
        const uint32_t place = mxb_rand_u32(pr->seed, STREAM_PLACE, draw * 8 + k);
        const uint32_t size = mxb_rand_u32(pr->seed, STREAM_SIZE, draw * 8 + k);
        const uint32_t half = dim == 256 || row % 3 == 0 ? 0 : row % 3 == 1 ? 256 : place >> 8 & 256;
        const uint32_t at = place % 3 ? edge[place / 3 % MXB_COUNT(edge)] : place / 3 % 256;
        z[half + at] = (size & 256 ? -1.0 : 1.0) * (1 + size % 256) * 0x1p-7;
    }
    tq_oracle_butterflies(z, dim, x, var);
    for (uint32_t j = 0; j < dim; j++)           /* without the irrational factor the numbers have few bits */
        x[j] = tq_oracle_sign(j) * nearbyint(x[j] / tq_oracle_factor(dim) * 0x1p7) * 0x1p-11;
}

/* A row of src, and whether its coordinates may be near a boundary. */
static bool draw_row(const struct mxb_problem *pr, uint64_t row, uint64_t draw, double *x)
{
    const uint32_t dim = hadamard_quantize_kv_shape(pr).dim, place = mxb_rand_u32(pr->seed, STREAM_PLACE, row) % dim;
    const double factor = pr->fill == MXB_FILL_LARGE ? row_factor(row, dim) : 1;
    if (pr->fill == MXB_FILL_NEEDLE) needle_row(pr, row, draw, dim, x);
    else
        for (uint32_t j = 0; j < dim; j++) x[j] = mxb_round(MXB_F32, factor * row_normal(pr, draw, j));
    if (pr->fill != MXB_FILL_PROBE || row % 3 == 2) return factor != 0;
    x[place] = row % 3 == 0 ? NAN : place % 2 ? INFINITY : -INFINITY;
    return false;
}

/* No coordinate but exact zeros lies within 8 sigma of a boundary. */
static bool is_clear(const struct mxb_problem *pr, const double *x)
{
    const struct shape s = hadamard_quantize_kv_shape(pr);
    double in[MAX_DIM], z[MAX_DIM], var[MAX_DIM];
    struct encoded e;
    for (uint32_t j = 0; j < s.dim; j++) in[j] = tq_oracle_sign(j) * x[j];
    tq_oracle_butterflies(in, s.dim, z, var);
    hadamard_quantize_kv_encode(pr, z, var, &e);
    for (uint32_t j = 0; j < s.dim; j++) {
        const double v = e.v[j], margin = 8 * 0x1p-24 * e.v_p[j];
        if (v != 0 && tq_oracle_index(s.bits, v - margin) != tq_oracle_index(s.bits, v + margin)) return false;
    }
    return true;
}

static void generate_src(const struct mxb_problem *pr, float *out)
{
    const uint32_t dim = hadamard_quantize_kv_shape(pr).dim;
    double x[MAX_DIM];
    for (uint64_t row = 0; row < pr->nelem[T_SRC] / dim; row++) {
        uint64_t draw = row * ATTEMPTS;
        while (draw_row(pr, row, draw, x) && !is_clear(pr, x) && draw + 1 < (row + 1) * ATTEMPTS) draw++;
        for (uint32_t j = 0; j < dim; j++) out[row * dim + j] = (float)x[j];
    }
}

bool hadamard_quantize_kv_generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    if (t == T_SRC) generate_src(g->pr, out);
    return t == T_SRC;
}

/* ---- oracle: one key-value head per item ---- */

static void write_slot(const struct mxb_problem *pr, const struct encoded *e, const struct mxb_ref *t, uint64_t slot)
{
    const struct shape s = hadamard_quantize_kv_shape(pr);
    for (uint32_t b = 0; b < s.blocks; b++) {
        t[T_NORMS].v[slot * s.blocks + b] = e->norm[b];
        t[T_NORMS].p[slot * s.blocks + b] = e->norm_p[b];
    }
    for (uint32_t c = 0; c < s.dim; c++) {
        const double index = tq_oracle_index(s.bits, e->v[c]);
        if (s.bits != 4) t[T_PACKED].v[slot * s.dim + c] = index;
        else if (c % 2 == 0) t[T_PACKED].v[(slot * s.dim + c) / 2] = index;
        else t[T_PACKED].v[(slot * s.dim + c) / 2] += 16 * index;
    }
}

void hadamard_quantize_kv_reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct hadamard_quantize_kv_params *p = pr->params;
    const uint32_t dim = hadamard_quantize_kv_shape(pr).dim;
    for (int64_t h = r0; h < r1; h++)
        for (uint32_t token = 0; token < p->n_tokens; token++) {
            const uint64_t from = (uint64_t)(p->src_tok_offset + token) * p->num_kv_heads + (uint64_t)h;
            const double *x = t[T_SRC].v + from * dim;
            const uint64_t position = (uint64_t)p->write_pos + token;
            const uint64_t slot = p->is_sliding ? position % p->cache_capacity : position;
            const uint64_t row = (uint64_t)h * p->n_tokens + token;
            double in[MAX_DIM], z[MAX_DIM], fast[MAX_DIM], var[MAX_DIM];
            struct encoded e;
            for (uint32_t j = 0; j < dim; j++) in[j] = tq_oracle_sign(j) * x[j];
            tq_oracle_hadamard(in, dim, z);
            tq_oracle_butterflies(in, dim, fast, var);
            hadamard_quantize_kv_encode(pr, z, var, &e);
            write_slot(pr, &e, t, (uint64_t)h * p->cache_capacity + slot);
            for (uint32_t j = 0; pr->nelem[T_PROBE] && j < dim; j++) {
                t[T_PROBE].v[row * dim + j] = e.v[j];
                t[T_PROBE].p[row * dim + j] = e.v_p[j];
            }
        }
}
