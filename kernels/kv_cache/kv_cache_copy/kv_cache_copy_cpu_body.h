/* Copies tokens into a key/value cache on the CPU for the vector width of the including file, which defines KERNEL as the name of
 * the function.  One item = one head of one token. */
#include "kernels/common/mxb_cpu.h"
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy.h"

/* Elements [from, from + n) of src to [to, to + n) of cache. */
VF_INLINE void convert_as(enum mxb_dtype dt, enum mxb_dtype dt2, const void *src, int64_t from, void *cache, int64_t to, int64_t n)
{
    int64_t i = 0;
    for (; i + VL <= n; i += VL) vf_store(dt2, cache, to + i, vf_load(dt, src, from + i));
    if (i < n) vf_store_part(dt2, cache, to + i, n - i, vf_load_part(dt, src, from + i, n - i));
}

/* The same for the pairs of types that there are; equal types keep their bits. */
static void copy(const int32_t *spec, const void *src, int64_t from, void *cache, int64_t to, int64_t n)
{
    const int64_t size = spec[S_DTYPE] == MXB_F32 ? 4 : 2;
    if (spec[S_DTYPE] == spec[S_DTYPE2])
        memcpy((char *)cache + to * size, (const char *)src + from * size, (size_t)(n * size));
    else if (spec[S_DTYPE] == MXB_F32)
        convert_as(MXB_F32, MXB_F16, src, from, cache, to, n);
    else
        convert_as(MXB_BF16, MXB_F32, src, from, cache, to, n);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct kv_cache_copy_params *p = a->params;
    const bool flat = a->spec[S_LAYOUT] == FLAT, ring = a->spec[S_LAYOUT] == SEQ || p->is_sliding;
    const int64_t heads = p->n_heads, d = p->head_dim;
    for (int64_t item = begin; item < end && p->n_tokens > 0; item++) {
        const int64_t head = item % heads, token = item / heads, pos = p->seq_pos + token;
        const int64_t slot = ring ? pos % p->capacity : pos;
        const int64_t to = (flat ? slot * heads + head : head * p->capacity + slot) * d;
        const int64_t from = ((p->src_tok_offset + token) * heads + head) * d;
        copy(a->spec, a->buf[T_SRC], from, a->buf[T_CACHE], to, d);
        if (a->spec[S_DUAL]) copy(a->spec, a->buf[T_SRC_V], from, a->buf[T_CACHE_V], to, d);
    }
}
