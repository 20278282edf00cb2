/* Private to this folder: the parameter struct, the order of constants, the CPU kernels. */
#ifndef FWHT_H
#define FWHT_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/turboquant/fwht/fwht.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_X };                                    /* tensors = bindings */
enum { MODE_STANDALONE, MODE_SIGN_PREMULT, MODE_SIGN_UNDO };

/* mxb_args.spec of the CPU kernels: dtypes and the entry's constants; there are no tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_DIM, S_MODE };

/* CPU kernels, one per instruction set; grid (num_heads), one item = one row. */
void fwht_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void fwht_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void fwht_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
