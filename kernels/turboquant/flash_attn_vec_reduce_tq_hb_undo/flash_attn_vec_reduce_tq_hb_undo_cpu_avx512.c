/* flash_attn_vec_reduce_tq_hb_undo for AVX-512 F, BW, DQ and VL: 16 lanes. */
#if defined(__AVX512F__)
#define KERNEL flash_attn_vec_reduce_tq_hb_undo_cpu_avx512
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo_cpu_body.h"
#else
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.h"

/* Another architecture: the symbol exists, the device never offers it. */
void flash_attn_vec_reduce_tq_hb_undo_cpu_avx512(const struct mxb_args *a, int64_t begin, int64_t end)
{
    flash_attn_vec_reduce_tq_hb_undo_cpu(a, begin, end);
}
#endif
