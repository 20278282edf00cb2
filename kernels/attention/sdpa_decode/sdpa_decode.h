/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef SDPA_DECODE_H
#define SDPA_DECODE_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/sdpa_decode/sdpa_decode.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_K, T_V, T_O, T_TMP };              /* tensors of the table */
enum { PART_Q, PART_K, PART_V, PART_TMP };       /* bindings of the first kernel */
enum { MERGE_TMP, MERGE_O };                     /* and of the second */

/* mxb_args.spec of the CPU kernels: the entry's dtypes (all f32), the tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_PARTS, S_ROWS };

/* CPU kernels, a pair per instruction set.  Partial sums: grid (n_kv_heads * row blocks, PARTS), one item = up to ROWS query
 * heads of one key/value head in one part of the keys.  Merge: grid (n_heads), one item = one head. */
void sdpa_decode_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_decode_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_decode_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_decode_merge_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_decode_merge_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void sdpa_decode_merge_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
