/* Private to this folder: the parameter struct, the order of tensors and constants, the CPU kernels. */
#ifndef HADAMARD_QUANTIZE_KV_H
#define HADAMARD_QUANTIZE_KV_H
#include "harness/mxb_op.h"
#define MXB_PARAMS_DEF "kernels/turboquant/hadamard_quantize_kv/hadamard_quantize_kv.def"
#include "harness/mxb_params.h"
#undef MXB_PARAMS_DEF

enum { T_SRC, T_PACKED, T_NORMS, T_PROBE };      /* tensors = bindings */

/* mxb_args.spec of the CPU kernels: dtypes and the entry's constants; there are no tiles. */
enum { S_DTYPE, S_DTYPE2, S_DTYPE3, S_DIM, S_NIBBLES };

/* CPU kernels, one per instruction set; grid (num_kv_heads, n_tokens), one item = one vector. */
void hadamard_quantize_kv_cpu(const struct mxb_args *, int64_t begin, int64_t end);
void hadamard_quantize_kv_cpu_avx2(const struct mxb_args *, int64_t begin, int64_t end);
void hadamard_quantize_kv_cpu_avx512(const struct mxb_args *, int64_t begin, int64_t end);

/* ---- host side: generator and oracle ---- */

enum { MAX_DIM = 512, MAX_BLOCKS = 2 };

struct shape { uint32_t dim, blocks, bits; };    /* blocks: norms per vector */
struct shape hadamard_quantize_kv_shape(const struct mxb_problem *);

/* What becomes of one rotated vector z, and error scales in units of u = 2^-24. */
struct encoded {
    double norm[MAX_BLOCKS], norm_p[MAX_BLOCKS];
    double v[MAX_DIM], v_p[MAX_DIM];             /* what is quantised: z of unit variance, or scale_factor_d512 */
};
void hadamard_quantize_kv_encode(const struct mxb_problem *, const double *z, const double *z_var, struct encoded *);

bool hadamard_quantize_kv_generate(const struct mxb_gen_ctx *, uint32_t t, void *out);
void hadamard_quantize_kv_reference(const struct mxb_problem *, const struct mxb_ref *, int64_t r0, int64_t r1);
#endif
