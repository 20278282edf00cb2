/* flash_attn_prefill_blk: class of each bq x bk tile of an additive bf16 mask: 0 where every cell is at most -1e30 (the
 * tile is skipped), 2 where every cell is 0 (the mask is ignored), 1 otherwise and where the right edge cuts the tile.
 * Source: mlx-native, flash_attn_prefill_blk.metal and .rs, but over whole tiles: upstream reads their first 32 columns.
 * NaN cells are out of contract, subnormal ones are not generated: devices may flush them. */
#define MXB_PARAMS_TABLE struct flash_attn_prefill_blk_params
#include "kernels/attention/flash_attn_prefill_blk/flash_attn_prefill_blk.h"
#include <math.h>

/* bf16 bits.  -1e30 itself is no bf16: its two neighbours are the last blocked and the first open number. */
enum {
    ZERO = 0, MINUS_ZERO = 0x8000, MINUS_1E4 = 0xc61c, PLUS_TWO = 0x4000,
    FIRST_OPEN = 0xf149, LAST_BLOCKED = 0xf14a, MINUS_MAX = 0xff7f, MINUS_INF = 0xff80
};
enum { STREAM_CELL = 0x626c0001 };               /* of mxb_rand_* */

struct tile { uint32_t qt, kt, index, row0, rows, col0, cols; };   /* what of it lies in the mask */

static struct tile tile_of(const struct flash_attn_prefill_blk_params *p, uint32_t q, uint32_t k)
{
    struct tile t = { .qt = q / p->bq, .kt = k / p->bk };
    t.index = t.qt * ((p->seq_len_k + p->bk - 1) / p->bk) + t.kt;
    t.row0 = t.qt * p->bq;
    t.col0 = t.kt * p->bk;
    t.rows = p->seq_len_q - t.row0 < p->bq ? p->seq_len_q - t.row0 : p->bq;
    t.cols = p->seq_len_k - t.col0 < p->bk ? p->seq_len_k - t.col0 : p->bk;
    return t;
}

/* Tiles of every class in turn along both axes, each made of random cells that give it this class. */
static uint16_t random_cell(const struct mxb_problem *pr, uint32_t q, uint32_t k)
{
    static const uint16_t blocked[] = { MINUS_INF, MINUS_MAX, LAST_BLOCKED }, zero[] = { ZERO, MINUS_ZERO };
    static const uint16_t mixed[] = { ZERO, MINUS_ZERO, MINUS_INF, LAST_BLOCKED, FIRST_OPEN, MINUS_1E4, PLUS_TWO };
    const struct flash_attn_prefill_blk_params *p = pr->params;
    const uint32_t word = mxb_rand_u32(pr->seed, STREAM_CELL, (uint64_t)q * p->seq_len_k + k);
    switch ((q / p->bq + k / p->bk + pr->seed) % 3) {
    case 0: return blocked[word % MXB_COUNT(blocked)];
    case 1: return mixed[word % MXB_COUNT(mixed)];
    default: return zero[word % MXB_COUNT(zero)];
    }
}

/* Blocked and zero tiles like a chessboard, and in four of five tiles one corner cell that makes it mixed. */
static uint16_t needle_cell(const struct mxb_problem *pr, uint32_t q, uint32_t k)
{
    const struct tile t = tile_of(pr->params, q, k);
    const uint64_t corner = (t.index + pr->seed) % 5, value = (t.index + pr->seed) / 5 % 2;
    const bool blocked = (t.qt + t.kt) % 2;
    const uint32_t corner_q = t.row0 + (corner & 1 ? t.rows - 1 : 0), corner_k = t.col0 + (corner & 2 ? t.cols - 1 : 0);
    if (corner == 4 || q != corner_q || k != corner_k) return blocked ? MINUS_INF : ZERO;
    if (blocked) return value ? FIRST_OPEN : ZERO;
    return value ? MINUS_1E4 : MINUS_INF;
}

static uint16_t cell(const struct mxb_problem *pr, uint32_t q, uint32_t k)
{
    const struct flash_attn_prefill_blk_params *p = pr->params;
    uint16_t bias;
    if (pr->fill == MXB_FILL_NEEDLE) return needle_cell(pr, q, k);
    switch (p->mask_fill) {
    case FILL_WINDOW: return k <= q && q - k < p->window ? ZERO : MINUS_INF;
    case FILL_RANDOM: return random_cell(pr, q, k);
    case FILL_CHECKER: return (q + k) % 2 ? MINUS_1E4 : ZERO;
    case FILL_BIAS:                              /* linear in the distance */
        mxb_store(MXB_BF16, &bias, 0, -0.0625 * fabs((double)q - k));
        return bias;
    default: return MINUS_INF;
    }
}

static bool generate(const struct mxb_gen_ctx *g, uint32_t t, void *out)
{
    const struct flash_attn_prefill_blk_params *p = g->pr->params;
    uint16_t *mask = out;
    (void)t;                                     /* the mask is the only input */
    for (uint32_t q = 0; q < p->seq_len_q; q++)
        for (uint32_t k = 0; k < p->seq_len_k; k++) mask[(uint64_t)q * p->seq_len_k + k] = cell(g->pr, q, k);
    return true;
}

/* Class of the rows x cols cells from `first` on, `stride` apart. */
static double classify(const double *first, uint32_t rows, uint32_t cols, uint32_t stride)
{
    double least = INFINITY, most = -INFINITY;
    for (uint32_t i = 0; i < rows; i++)
        for (uint32_t j = 0; j < cols; j++) {
            const double v = first[(uint64_t)i * stride + j];
            least = fmin(least, v);
            most = fmax(most, v);
        }
    if (most <= (double)-1e30f) return 0;
    return least == 0 && most == 0 ? 2 : 1;
}

static void reference(const struct mxb_problem *pr, const struct mxb_ref *t, int64_t r0, int64_t r1)
{
    const struct flash_attn_prefill_blk_params *p = pr->params;
    for (int64_t qt = r0; qt < r1; qt++)
        for (uint32_t k = 0; k < p->seq_len_k; k += p->bk) {
            const struct tile tile = tile_of(p, (uint32_t)qt * p->bq, k);
            const double *first = t[T_MASK].v + (uint64_t)tile.row0 * p->seq_len_k + tile.col0;
            t[T_BLK].v[tile.index] = tile.cols < p->bk ? 1 : classify(first, tile.rows, tile.cols, p->seq_len_k);
        }
}

static double flops(const struct mxb_problem *pr)
{
    (void)pr;                                    /* two compares per cell, no arithmetic */
    return 0;
}

static const struct mxb_tensor tensors[] = {
    { .name = "mask", .role = MXB_IN,  .dtype = MXB_T,  .shape = "seq_len_q,seq_len_k", .gen = MXB_GEN_NORMAL },
    { .name = "blk",  .role = MXB_OUT, .dtype = MXB_U8, .shape = "cdiv(seq_len_q, bq),cdiv(seq_len_k, bk)",
      .tol = MXB_TOL_EXACT },
};
static const struct mxb_entry entries[] = {
    { "flash_attn_prefill_blk_bf16", { MXB_BF16 }, NULL },
};

static const struct mxb_const consts[] = {
    { "BQ", 400, 'i', "bq" },
    { "BK", 401, 'i', "bk" },
};
static const struct mxb_tile tiles[] = {
    { "WG", 1000, "max(32, min(128, np2(cdiv(bq * bk, 4))))", "32 64 128 256", "work items per tile" },
};
static const struct mxb_kernel tile_kernel[] = {
    { .entry = "flash_attn_prefill_blk", .source = "flash_attn_prefill_blk",
      .grid = { "cdiv(seq_len_k, bk)", "cdiv(seq_len_q, bq)" }, .local = { "WG" } },
};
static const struct mxb_kernel cpu_kernel[] = {
    { .entry = "flash_attn_prefill_blk_cpu", .source = "flash_attn_prefill_blk_cpu", .grid = { "cdiv(seq_len_q, bq)" },
      .cpu = flash_attn_prefill_blk_cpu },
};
static const struct mxb_impl impls[] = {
    { .lang = "c", .name = "base", .about = "plain C, the mask is read row by row", .consts = consts,
      .nconst = MXB_COUNT(consts), .kernel = cpu_kernel, .nkernel = 1 },
    { .lang = "cl comp", .name = "tile", .about = "one workgroup per tile",
      .needs = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE, .consts = consts, .nconst = MXB_COUNT(consts),
      .tile = tiles, .ntile = MXB_COUNT(tiles), .kernel = tile_kernel, .nkernel = 1 },
};

const struct mxb_op mxb_op_flash_attn_prefill_blk = {
    .abi = MXB_OP_ABI, .name = "flash_attn_prefill_blk", .family = "attention",
    .about = "classifies the tiles of an attention mask: skip, mixed, no-op",
    .source_ref = "mlx-native, flash_attn_prefill_blk.metal",
    .param = flash_attn_prefill_blk_param, .nparam = MXB_COUNT(flash_attn_prefill_blk_param),
    .param_bytes = sizeof(struct flash_attn_prefill_blk_params),
    .tensor = tensors, .ntensor = MXB_COUNT(tensors),
    .entry = entries, .nentry = MXB_COUNT(entries),
    .impl = impls, .nimpl = MXB_COUNT(impls),
    .fills = 1u << MXB_FILL_NORMAL | 1u << MXB_FILL_NEEDLE,
    .def_version = 1,
    /* No validate: sizes of 0 fail the ranges of the parameter table, and within them no product overflows. */
    .generate = generate, .reference = reference, .items = "cdiv(seq_len_q, bq)", .flops = flops,
};
