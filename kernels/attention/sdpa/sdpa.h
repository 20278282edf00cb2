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

/* CPU kernels, one per instruction set; grid (blocks of ROWS query rows of a key/value head, n_kv_heads, batch). */
void sdpa_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
