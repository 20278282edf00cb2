/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef KV_CACHE_COPY_H
#define KV_CACHE_COPY_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/kv_cache/kv_cache_copy/kv_cache_copy.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_SRC, T_CACHE, T_SRC_V, T_CACHE_V };     /* tensors = bindings 0..3; the last two are dummies where DUAL = 0 */
enum { FLAT, BATCH, SEQ };                       /* constant LAYOUT */

/* mxb_args.spec of the CPU kernels: the entry's dtypes (src, cache, unused), its constants and the tile. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_LAYOUT, S_DUAL, S_STREAM };

/* CPU kernels, one per instruction set; grid (n_heads, tokens), one item = one head of one token. */
void kv_cache_copy_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void kv_cache_copy_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void kv_cache_copy_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
