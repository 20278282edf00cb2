/* mask[q,k] = -inf where the query at position q + q_abs_offset may not see key k, else +0; a row is blocked, attended,
 * blocked, three runs of equal stores.  Source: mlx-native, flash_attn_prefill_mask.metal. */
#include "kernels/attention/flash_attn_prefill_mask_fill/flash_attn_prefill_mask_fill.h"

enum { BF16_MINUS_INF = 0xff80 };

static int64_t clamp(int64_t v, int64_t hi)
{
    return v < 0 ? 0 : v > hi ? hi : v;
}

void flash_attn_prefill_mask_fill_cpu(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct flash_attn_prefill_mask_fill_params *p = a->params;
    const int64_t n = p->seq_len_k;
    for (int64_t q = begin; q < end; q++) {
        uint16_t *row = (uint16_t *)a->buf[T_MASK] + q * n;
        const int64_t position = q + p->q_abs_offset;
        const int64_t first = p->n_swa > 0 ? clamp(position - p->n_swa + 1, n) : 0;
        const int64_t last = p->causal ? clamp(position + 1, n) : n;     /* one past the last attended key */
        int64_t k = 0;
        while (k < first) row[k++] = BF16_MINUS_INF;
        while (k < last) row[k++] = 0;
        while (k < n) row[k++] = BF16_MINUS_INF;
    }
}
