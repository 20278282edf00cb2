/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef AURA_FLASH_P1_H
#define AURA_FLASH_P1_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/attention/aura_flash_p1/aura_flash_p1.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_Q, T_KP, T_KN, T_KC, T_VP, T_VN, T_VC, T_O, T_M, T_L };     /* tensors = bindings 0..9 */

/* mxb_args.spec of the CPU kernels: dtypes, head dimension, bits of key and value codes, causal. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_HD, S_KB, S_VB, S_CAUSAL };

/* CPU kernels, one per instruction set; grid (blocks, n_kv_heads), one item = one block for all heads that share it. */
void aura_flash_p1_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void aura_flash_p1_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void aura_flash_p1_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);
#endif
