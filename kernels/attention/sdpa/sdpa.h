/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef SDPA_H
#define SDPA_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/sdpa/sdpa.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_K, T_V, T_O };                     /* tensors = bindings 0..3 */

/* mxb_args.spec of the CPU kernels: the entry's dtypes (all tensors, twice the same, unused) and constant, the tile. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_SLIDING, S_ROWS };

static inline uint32_t sdpa_capacity(const struct sdpa_params *p)
{
    return p->kv_capacity ? p->kv_capacity : p->kv_seq_len;
}

/* Keys [lo,hi) that query row q attends: its own and all before it, or window_size of those. */
static inline void sdpa_range(const struct sdpa_params *p, bool sliding, uint32_t q, uint32_t *lo, uint32_t *hi)
{
    const uint32_t own = p->kv_seq_len - p->seq_len + q;
    *lo = sliding && own >= p->window_size ? own - p->window_size : 0;
    *hi = own + 1;
}

/* CPU kernels, one per instruction set; grid (blocks of ROWS query rows of a key/value head, n_kv_heads, batch). */
void sdpa_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
