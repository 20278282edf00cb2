/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef RMS_NORM_H
#define RMS_NORM_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/norm/rms_norm/rms_norm.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_X, T_W, T_Y };                          /* tensors = bindings 0..2; w is a dummy where HAS_W = 0 */

/* mxb_args.spec of the CPU kernels: the entry's dtypes (x and y, w, unused) and its constant; there are no tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_HAS_W };

/* CPU kernels, one per instruction set; grid (rows), one item = one row. */
void rms_norm_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void rms_norm_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void rms_norm_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
