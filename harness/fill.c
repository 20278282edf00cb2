/* Contents of input tensors: the op's own generator, or a generic one by tensor.gen and the fill.
 *
 * Every element is a pure function of (seed, tensor, index), so threads and machines do not matter.  A row is a run of
 * the innermost dimension that is longer than 1.  Needles, large offsets, NaN and infinities go into tensors declared
 * MXB_GEN_NORMAL: the data.  Weights and gates (UNIFORM, POSITIVE) stay regular, so that one outlier in a weight does
 * not decide all rows at once.  Integer tensors get random bits, and small integers under the exact fill. */
#include "harness/dtype.h"
#include "harness/parallel.h"
#include "harness/problem.h"
#include "harness/rand.h"
#include <math.h>
#include <string.h>

enum { BATCH = 1024, CHUNK = 1 << 16 };

struct job {                         /* one generic tensor */
    uint64_t seed, n, row;           /* elements; elements per row */
    uint32_t t;
    enum mxb_dtype dtype;
    enum mxb_gen gen;
    enum mxb_fill fill;
    void *out;
};

static bool is_float(enum mxb_dtype dt)
{
    return mxb_unit(dt) > 0;
}

/* ---- contents of elements [first, first + n), n <= BATCH ---- */

static void regular(const struct job *j, uint64_t first, uint64_t n, double *v)
{
    uint32_t word[BATCH];
    if (j->gen != MXB_GEN_UNIFORM && j->gen != MXB_GEN_POSITIVE) {
        rand_normals(j->seed, j->t, first, n, v);
        return;
    }
    rand_words(j->seed, j->t, first, n, word);
    for (uint64_t i = 0; i < n; i++)
        v[i] = j->gen == MXB_GEN_UNIFORM ? 2 * rand_unit(word[i]) - 1       /* (-1, 1) */
                                         : ((word[i] >> 8) + 1) * 0x1p-24;  /* (0, 1]: positive in f16 too */
}

static void random_bits(const struct job *j, uint64_t first, uint64_t n, double *v)
{
    uint32_t word[BATCH];
    rand_words(j->seed, j->t, first, n, word);
    for (uint64_t i = 0; i < n; i++)
        switch (j->dtype) {
        case MXB_I32:  v[i] = (int32_t)word[i]; break;
        case MXB_I8:   v[i] = (int8_t)(word[i] & 0xFF); break;
        case MXB_U8:   v[i] = word[i] & 0xFF; break;
        case MXB_BOOL: v[i] = word[i] & 1; break;
        default:       v[i] = word[i]; break;
        }
}

/* Integers in [-4, 4], in [1, 4] for positive tensors, in [0, 4] for unsigned ones. */
static void small_integers(const struct job *j, uint64_t first, uint64_t n, double *v)
{
    const bool is_unsigned = j->dtype == MXB_U32 || j->dtype == MXB_U8;
    const int low = j->gen == MXB_GEN_POSITIVE ? 1 : j->dtype == MXB_BOOL || is_unsigned ? 0 : -4;
    const int high = j->dtype == MXB_BOOL ? 1 : 4;
    uint32_t word[BATCH];
    rand_words(j->seed, j->t, first, n, word);
    for (uint64_t i = 0; i < n; i++)
        v[i] = low + (int)((uint64_t)word[i] * (uint64_t)(high - low + 1) >> 32);
    /* The shortest tensors could come out zero or constant: the ends are set apart. */
    if (first == 0)
        v[0] = high;
    if (first + n == j->n && j->n > 1)
        v[n - 1] = high - 1;
}

/* Small background of a needle: +-[1, 2) * 2^-10. */
static void background(const struct job *j, uint64_t first, uint64_t n, double *v)
{
    uint32_t word[BATCH];
    rand_words(j->seed, j->t, first, n, word);
    for (uint64_t i = 0; i < n; i++)
        v[i] = (word[i] & 1 ? -0x1p-10 : 0x1p-10) * (1 + rand_unit(word[i]));
}

/* Rows by turns: around 1000, around -1000, and magnitudes mixed over 2^-8..2^8.  The spread around an offset is some
 * steps of the stored format at least, so that no row is constant; |v| < 2^11 keeps sums of squares well inside f32. */
static void large(const struct job *j, uint64_t first, uint64_t n, double *v)
{
    const double spread = fmax(0.01, 8000 * mxb_unit(j->dtype));
    uint32_t word[BATCH];
    regular(j, first, n, v);
    rand_words(j->seed, STREAM_SCALE + j->t, first, n, word);
    for (uint64_t i = 0; i < n; i++)
        switch (((first + i) / j->row + j->seed) % 3) {
        case 0:  v[i] = 1000 + spread * v[i]; break;
        case 1:  v[i] = -1000 + spread * v[i]; break;
        default: v[i] = ldexp(v[i], (int)(word[i] % 17) - 8); break;
        }
}

static void fill_chunk(void *ctx, uint64_t begin, uint64_t end)
{
    const struct job *j = ctx;
    const bool data = is_float(j->dtype) && j->gen == MXB_GEN_NORMAL;
    double v[BATCH];
    for (uint64_t i = begin; i < end;) {
        const uint64_t n = end - i < BATCH ? end - i : BATCH;
        if (j->fill == MXB_FILL_EXACT)
            small_integers(j, i, n, v);
        else if (!is_float(j->dtype))
            random_bits(j, i, n, v);
        else if (data && j->fill == MXB_FILL_LARGE)
            large(j, i, n, v);
        else if (data && j->fill == MXB_FILL_NEEDLE)
            background(j, i, n, v);
        else
            regular(j, i, n, v);
        dtype_encode(j->dtype, j->out, i, n, v);
        i += n;
    }
}

/* ---- needles and probes, placed over the contents ---- */

/* The turn-th of the places first, last, 2^k-1, 2^k, 2^k+1 (k = 1, 2, ...): where tiles begin and end. */
static uint64_t edge(uint64_t row, uint64_t turn)
{
    const uint64_t k = (turn + 1) / 3;   /* turns 2, 3, 4 are k = 1 */
    return turn == 0 ? 0 : turn == 1 ? row - 1 : (UINT64_C(1) << k) + (turn - 2) % 3 - 1;
}

static uint64_t edge_count(uint64_t row)
{
    uint64_t n = 2;
    while (edge(row, n) < row)
        n++;
    return n;
}

/* One large positive element in every row; its place goes through the edges and, once per cycle, anywhere. */
static void place_needles(const struct job *j)
{
    const uint64_t edges = edge_count(j->row);
    for (uint64_t r = 0; r < j->n / j->row; r++) {
        const uint64_t turn = (r + j->seed) % (edges + 1);
        const uint64_t anywhere = mxb_rand_u32(j->seed, STREAM_PLACE + j->t, r) % j->row;
        mxb_store(j->dtype, j->out, r * j->row + (turn < edges ? edge(j->row, turn) : anywhere), 16);
    }
}

static void place_special(const struct job *j, uint64_t r, uint64_t draw, uint32_t kind)
{
    static const double special[3] = { NAN, INFINITY, -INFINITY };
    const uint64_t at = mxb_rand_u32(j->seed, STREAM_PLACE + j->t, draw) % j->row;
    mxb_store(j->dtype, j->out, r * j->row + at, special[kind % 3]);
}

/* NaN, +inf or -inf at one place in about a quarter of the rows, the same rows in every tensor, so that an op of
 * several inputs has clean rows too: with more than one row at least one is hit and one is not.  A single row gets all
 * three (at up to three places). */
static void place_probes(const struct job *j)
{
    const uint64_t rows = j->n / j->row;
    for (uint32_t kind = 0; rows == 1 && kind < 3; kind++)
        place_special(j, 0, kind, kind);
    for (uint64_t r = 0; rows > 1 && r < rows; r++) {
        const uint32_t word = mxb_rand_u32(j->seed, STREAM_ROWS, r);
        const bool hit = r == j->seed % rows || (word % 4 == 0 && r != (j->seed + 1) % rows);
        if (hit)
            place_special(j, r, r, word >> 8);
    }
}

/* Elements per row: the innermost dimension longer than 1, or all of them. */
static uint64_t row_length(const struct mxb_problem *pr, uint32_t t, const struct scope *tile)
{
    uint64_t dim[PROBLEM_MAX_DIM];
    uint32_t ndim;
    char err[MXB_ERRLEN];
    if (problem_shape(pr, t, tile, dim, &ndim, err, sizeof err) == 0)
        while (ndim-- > 0)
            if (dim[ndim] > 1)
                return dim[ndim];
    return pr->nelem[t];
}

/* Only a very short tensor can come out constant, by chance or in a coarse format: its last element is set apart. */
static void set_apart(const struct job *j)
{
    const double first = mxb_load(j->dtype, j->out, 0), last = mxb_load(j->dtype, j->out, j->n - 1);
    if (j->n > 1 && first == last)
        mxb_store(j->dtype, j->out, j->n - 1, last == 0 ? 1 : is_float(j->dtype) ? last / 2 : 0);
}

static void generic_fill(const struct mxb_problem *pr, uint32_t t, const struct scope *tile, void *out)
{
    struct job j = {
        .seed = pr->seed, .n = pr->nelem[t], .row = row_length(pr, t, tile), .t = t, .dtype = pr->dtype[t],
        .gen = pr->op->tensor[t].gen, .fill = pr->fill, .out = out,
    };
    parallel_for(j.n, CHUNK, 0, fill_chunk, &j);
    if (j.fill != MXB_FILL_EXACT)    /* which sees to it itself, in integers */
        set_apart(&j);
    if (!is_float(j.dtype) || j.gen != MXB_GEN_NORMAL)
        return;
    if (j.fill == MXB_FILL_NEEDLE)
        place_needles(&j);
    if (j.fill == MXB_FILL_PROBE)
        place_probes(&j);
}

/* A name that is in no table reads as 0. */
static int64_t tile_value(const struct mxb_gen_ctx *ctx, const char *name)
{
    const struct scope *sc = ctx->tile_values;
    int64_t v = 0;
    char err[MXB_ERRLEN];
    if (sc)
        (void)scope_eval(sc, name, &v, err, sizeof err);
    return v;
}

void problem_fill(const struct mxb_problem *problem, uint32_t t, void *const *stored, const struct scope *tile,
                  void *out)
{
    struct mxb_problem pr = *problem;
    char err[MXB_ERRLEN];
    for (uint32_t i = 0; tile && i <= t; i++)        /* sizes that only these tile values give */
        if (pr.op->tensor[i].per_tile)
            (void)problem_nelem(problem, i, tile, &pr.nelem[i], err, sizeof err);
    const struct mxb_gen_ctx ctx = { .pr = &pr, .stored = stored, .tile = tile_value, .tile_values = tile };
    if (pr.nelem[t] > 0 && !(pr.op->generate && pr.op->generate(&ctx, t, out)))
        generic_fill(&pr, t, tile, out);
}
