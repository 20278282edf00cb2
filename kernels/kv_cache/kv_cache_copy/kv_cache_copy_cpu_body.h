/* Copies tokens into a key/value cache on the CPU for the vector width of the including file, which defines KERNEL as the name of
 * the function.  One item = one head of one token. */
#include "kernels/common/mxb_cpu.h"
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy.h"

/* Elements [from, from + n) of src to [to, to + n) of cache; equal types keep their bits.  `stream` where every vector of the
 * cache is aligned. */
VF_INLINE void convert_as(enum mxb_dtype dt, enum mxb_dtype dt2, bool stream, const void *src, int64_t from, void *cache, int64_t to,
                          int64_t n)
{
    int64_t i = 0;
    for (; i + VL <= n; i += VL) {
        const vf x = vf_load(dt, src, from + i);
        if (stream) vf_stream(dt2, cache, to + i, x);
        else vf_store(dt2, cache, to + i, x);
    }
    if (i < n) vf_store_part(dt2, cache, to + i, n - i, vf_load_part(dt, src, from + i, n - i));
}

/* Two elements of 16 bits are moved as one of 32. */
static void copy(const int32_t *spec, bool stream, const void *src, int64_t from, void *cache, int64_t to, int64_t n)
{
    const int64_t size = spec[S_DTYPE] == MXB_F32 ? 4 : 2, size2 = spec[S_DTYPE2] == MXB_F32 ? 4 : 2;
    stream = stream && to * size2 % 64 == 0 && n * size2 % 64 == 0;
    if (spec[S_DTYPE] == spec[S_DTYPE2] && !stream)
        memcpy((char *)cache + to * size, (const char *)src + from * size, (size_t)(n * size));
    else if (spec[S_DTYPE] == spec[S_DTYPE2])
        convert_as(MXB_F32, MXB_F32, true, (const char *)src + from * size, 0, (char *)cache + to * size, 0, n * size / 4);
    else if (spec[S_DTYPE] == MXB_F32)
        convert_as(MXB_F32, MXB_F16, stream, src, from, cache, to, n);
    else
        convert_as(MXB_BF16, MXB_F32, stream, src, from, cache, to, n);
}

void KERNEL(const struct mxb_args *a, int64_t begin, int64_t end)
{
    const struct kv_cache_copy_params *p = a->params;
    const bool flat = a->spec[S_LAYOUT] == FLAT, ring = a->spec[S_LAYOUT] == SEQ || p->is_sliding;
    const bool stream = a->spec[S_STREAM];
    const int64_t heads = p->n_heads, d = p->head_dim;
    for (int64_t item = begin; item < end && p->n_tokens > 0; item++) {
        const int64_t head = item % heads, token = item / heads, pos = p->seq_pos + token;
        const int64_t slot = ring ? pos % p->capacity : pos;
        const int64_t to = (flat ? slot * heads + head : head * p->capacity + slot) * d;
        const int64_t from = ((p->src_tok_offset + token) * heads + head) * d;
        copy(a->spec, stream, a->buf[T_SRC], from, a->buf[T_CACHE], to, d);
        if (a->spec[S_DUAL]) copy(a->spec, stream, a->buf[T_SRC_V], from, a->buf[T_CACHE_V], to, d);
    }
    if (stream) vf_stream_end();
}
