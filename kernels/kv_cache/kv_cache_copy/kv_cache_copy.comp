#version 450
// Copies tokens into a key/value cache: element (token, head, column) of src to slot seq_pos + token, a ring where the entry
// says so.  LAYOUT 0: cache [capacity, n_heads, head_dim]; 1 and 2: [n_heads, capacity, head_dim].  Equal types are copied as
// words, so that NaN keeps its payload.  Source: mlx-native, kv_cache_copy.metal.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/kv_cache/kv_cache_copy/kv_cache_copy.def"

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1001) const uint VEC = 4;   // 1 or 4, divides head_dim
layout(local_size_x_id = 1000) in;

// Two views of each tensor: single elements, and groups of four; as words where the types are equal.
#if DTYPE == DTYPE2 && DTYPE == 0
#define FROM uint
#define FROM4 uvec4
#define TO uint
#define TO4 uvec4
#define MOVE(to, i, from, k) (to)[i] = (from)[k]
#define MOVE4(to, i, from, k) (to)[i] = (from)[k]
#elif DTYPE == DTYPE2
#define FROM uint16_t
#define FROM4 uvec2
#define TO uint16_t
#define TO4 uvec2
#define MOVE(to, i, from, k) (to)[i] = (from)[k]
#define MOVE4(to, i, from, k) (to)[i] = (from)[k]
#else
#define FROM T
#define FROM4 TX4
#define TO T2
#define TO4 T2X4
#define MOVE(to, i, from, k) STORE2(to, i, LOAD(from, k))
#define MOVE4(to, i, from, k) MXB_CAT(MXB_STOREX4_, DTYPE2)(to, i, LOADX4(from, k))
#endif
layout(binding = 0) readonly buffer Src { FROM src[]; };
layout(binding = 0) readonly buffer Src4 { FROM4 src4[]; };
layout(binding = 1) writeonly buffer Cache { TO cache[]; };
layout(binding = 1) writeonly buffer Cache4 { TO4 cache4[]; };
layout(binding = 2) readonly buffer SrcV { FROM src_v[]; };
layout(binding = 2) readonly buffer SrcV4 { FROM4 src_v4[]; };
layout(binding = 3) writeonly buffer CacheV { TO cache_v[]; };
layout(binding = 3) writeonly buffer CacheV4 { TO4 cache_v4[]; };

void main()
{
    const uint i = (gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x) * WG + gl_LocalInvocationID.x;
    const uint d = p.head_dim / VEC, token = i / (p.n_heads * d), head = i / d % p.n_heads, c = i % d;
    if (token >= p.n_tokens) return;
    const bool ring = LAYOUT == 2 || p.is_sliding != 0;
    const uint slot = ring ? (p.seq_pos + token) % p.capacity : p.seq_pos + token;
    const uint to = (LAYOUT == 0 ? slot * p.n_heads + head : head * p.capacity + slot) * d + c;
    const uint from = p.src_tok_offset * p.n_heads * d + i;

    if (VEC == 4) MOVE4(cache4, to, src4, from);
    else MOVE(cache, to, src, from);
#if DUAL
    if (VEC == 4) MOVE4(cache_v4, to, src_v4, from);
    else MOVE(cache_v, to, src_v, from);
#endif
}
