/* Inputs of aura_flash_p1.
 *
 * All fills: codes are random bits, also those that no row uses, and the norms of rows from `tokens` on are NaN.
 * normal: codebooks of realistic data, scores of about 1.  large: scores of about 25, so that the maximum often moves
 * far.
 * exact: scores are multiples of 256, so a weight is 1 or 0, whatever exp does, and all else is small integers.  The
 * query is 0
 *     but in 8 coordinates (even heads: mostly one token counts) or 2 (odd heads: several do), a different set per head.
 * probe: blocks whose key norms are all NaN, others with a NaN or an infinity among the value norms, and one head's
 * query. */
#include "kernels/attention/aura_flash_p1/aura_flash_p1_host.h"

enum { STREAM_PLACE = 0x61700001, STREAM_BLOCK };    /* of mxb_rand_*; the tensors' own streams are their positions */

static void integer_query(const struct mxb_problem *pr, const struct shape *s, void *out)
{
    const struct aura_flash_p1_params *p = pr->params;
    for (uint64_t i = 0; i < (uint64_t)p->n_heads * s->hd; i++)
        mxb_store(pr->dtype[T_Q], out, i, 0);
    for (uint32_t h = 0; h < p->n_heads; h++) {
        const uint32_t edge[] = { 0, s->hd - 1, 7, 8, 31, 32, 15, 16 };
        for (uint32_t k = 0; k < (h % 2 ? 2u : 8u); k++) {
            const uint32_t r = mxb_rand_u32(pr->seed, STREAM_PLACE, (uint64_t)h * 8 + k);
            const uint32_t d = k == 0 ? edge[(h / 2 + pr->seed) % MXB_COUNT(edge)] : r / 2 % s->hd;
            mxb_store(pr->dtype[T_Q], out, (uint64_t)h * s->hd + d, r & 1 ? -256 : 256);
        }
    }
}

/* Odd query heads of the probe have a NaN. */
static void query(const struct mxb_problem *pr, const struct shape *s, void *out)
{
    const struct aura_flash_p1_params *p = pr->params;
    const double factor = pr->fill == MXB_FILL_LARGE ? 20 : 1;
    for (uint64_t i = 0; i < (uint64_t)p->n_heads * s->hd; i++)
        mxb_store(pr->dtype[T_Q], out, i, factor * mxb_rand_normal(pr->seed, T_Q, i));
    if (pr->fill == MXB_FILL_PROBE && p->n_heads > 1)
        mxb_store(pr->dtype[T_Q], out, (pr->seed % p->n_heads) * s->hd + pr->seed % s->hd, NAN);
}

/* Of token i of kv head g.  probe: the blocks go by turns: regular, NaN keys, a NaN value, an infinite value. */
static double norm(const struct mxb_problem *pr, uint32_t t, uint32_t g, uint32_t i)
{
    const struct aura_flash_p1_params *p = pr->params;
    const uint64_t at = (uint64_t)g << 32 | i;
    const uint32_t block = i / p->block_size, turn = (block + g + (uint32_t)pr->seed) % 4;
    const uint32_t r = mxb_rand_u32(pr->seed, t, at);
    if (i >= p->tokens) return NAN;
    if (pr->fill == MXB_FILL_EXACT) return t == T_KN ? 1 + r % 2 : 1 + r % 3;
    if (pr->fill == MXB_FILL_PROBE && t == T_KN && turn == 1) return NAN;
    if (pr->fill == MXB_FILL_PROBE && t == T_VN && turn > 1) {
        const uint32_t word = mxb_rand_u32(pr->seed, STREAM_BLOCK, (uint64_t)g << 32 | block);
        if (i % p->block_size == word % p->block_size) return turn == 2 ? NAN : word >> 31 ? INFINITY : -INFINITY;
    }
    return 0.5 + 1.5 * mxb_rand_uniform(pr->seed, t, at);
}

bool aura_flash_p1_generate(const struct mxb_gen_ctx *c, uint32_t t, void *out)
{
    const struct mxb_problem *pr = c->pr;
    const struct aura_flash_p1_params *p = pr->params;
    const struct shape s = aura_flash_p1_shape(pr);
    const bool exact = pr->fill == MXB_FILL_EXACT;
    const uint32_t bits = t == T_KC ? s.kb : s.vb;
    switch (t) {
    case T_Q:
        if (exact) integer_query(pr, &s, out);
        else query(pr, &s, out);
        break;
    case T_KP: case T_VP:
        for (uint64_t i = 0; i < pr->nelem[t]; i++)
            ((uint32_t *)out)[i] = mxb_rand_u32(pr->seed, t, i);
        break;
    case T_KN: case T_VN:
        for (uint32_t g = 0; g < p->n_kv_heads; g++)
            for (uint32_t i = 0; i < s.stride; i++)
                mxb_store(pr->dtype[t], out, (uint64_t)g * s.stride + i, norm(pr, t, g, i));
        break;
    default:
        for (uint32_t i = 0; i < 1u << bits; i++)
            mxb_store(pr->dtype[t], out, i, exact ? (double)i - (1u << bits) / 2.0 : aura_codebook(bits, s.hd, i));
    }
    return true;
}
