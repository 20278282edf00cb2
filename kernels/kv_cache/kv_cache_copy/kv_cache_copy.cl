// Copies tokens into a key/value cache: element (token, head, column) of src to slot seq_pos + token, a ring where the entry
// says so.  LAYOUT 0: cache [capacity, n_heads, head_dim]; 1 and 2: [n_heads, capacity, head_dim].  Equal types are copied as
// words, so that NaN keeps its payload.  Source: mlx-native, kv_cache_copy.metal.
#include "kernels/common/mxb.cl.h"
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy.def"

// COPY(to, i, from, k): VEC elements, i and k count groups of VEC.
#if DTYPE == DTYPE2 && DTYPE == 0
#define WORD MXB_CAT(uint, VEC)
#elif DTYPE == DTYPE2
#define WORD MXB_CAT(ushort, VEC)
#endif
#define uint1 uint
#define ushort1 ushort
#ifdef WORD
#define COPY(to, i, from, k) ((__global WORD *)(to))[i] = ((__global const WORD *)(from))[k]
#elif VEC == 4
#define COPY(to, i, from, k) MXB_CAT(MXB_STOREX4_, DTYPE2)(to, i, LOADX4(from, k))
#else
#define COPY(to, i, from, k) STORE2(to, i, LOAD(from, k))
#endif

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void kv_cache_copy(__global const T *src, __global T2 *cache, __global const T *src_v, __global T2 *cache_v,
                   const struct kv_cache_copy_params p)
{
    const uint i = (uint)((get_group_id(1) * get_num_groups(0) + get_group_id(0)) * WG + get_local_id(0));
    const uint d = p.head_dim / VEC, token = i / (p.n_heads * d), head = i / d % p.n_heads, c = i % d;
    if (token >= p.n_tokens) return;
    const bool ring = LAYOUT == 2 || p.is_sliding;
    const uint slot = ring ? (p.seq_pos + token) % p.capacity : p.seq_pos + token;
    const uint to = (LAYOUT == 0 ? slot * p.n_heads + head : head * p.capacity + slot) * d + c;
    const uint from = p.src_tok_offset * p.n_heads * d + i;

    COPY(cache, to, src, from);
#if DUAL
    COPY(cache_v, to, src_v, from);
#endif
}
