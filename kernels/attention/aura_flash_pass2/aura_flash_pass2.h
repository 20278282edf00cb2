/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef AURA_FLASH_PASS2_H
#define AURA_FLASH_PASS2_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/aura_flash_pass2/aura_flash_pass2.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_O, T_M, T_L, T_OUT };                   /* tensors = bindings 0..3 */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_HD };      /* mxb_args.spec of the CPU kernels */

/* CPU kernels, one per instruction set; grid (n_heads), one item = one head. */
void aura_flash_pass2_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void aura_flash_pass2_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void aura_flash_pass2_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
