#version 450
// Class of each BQ x BK tile of an additive mask: 0 all blocked, 2 all zero, 1 mixed; one workgroup per tile.
// Source: mlx-native, flash_attn_prefill_blk.metal, but over the whole tile: upstream reads its first 32 columns only.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/attention/flash_attn_prefill_blk/flash_attn_prefill_blk.def"

layout(constant_id = 400) const int BQ = 32;
layout(constant_id = 401) const int BK = 16;
layout(constant_id = 1000) const uint WG = 128;
layout(local_size_x_id = 1000) in;
layout(binding = 0) readonly buffer Mask { T mask[]; };
layout(binding = 1) writeonly buffer Blk { uint8_t blk[]; };
shared uint seen;

const uint SEEN_OPEN = 1;                        // a cell above -1e30: the tile cannot be skipped
const uint SEEN_NONZERO = 2;                     // a cell other than 0: the mask cannot be ignored

void main()
{
    const uint t = gl_LocalInvocationID.x, kt = gl_WorkGroupID.x, qt = gl_WorkGroupID.y, nk = gl_NumWorkGroups.x;
    const uint row0 = qt * BQ, col0 = kt * BK;
    const bool ragged = col0 + BK > p.seq_len_k;                      // a tile that the right edge cuts is always 1
    const uint rows = min(uint(BQ), p.seq_len_q - row0);
    uint mine = 0;

    if (t == 0) seen = 0;
    barrier();
    for (uint i = t; i < rows * BK && !ragged; i += WG) {
        const float v = LOAD(mask, (row0 + i / BK) * p.seq_len_k + col0 + i % BK);   // 32 bits: a binding is < 4 GiB
        mine |= (v > -1e30 ? SEEN_OPEN : 0) | (v != 0.0 ? SEEN_NONZERO : 0);
    }
    if (mine != 0) atomicOr(seen, mine);
    barrier();
    if (t == 0) {
        const uint cls = ragged ? 1 : (seen & SEEN_OPEN) == 0 ? 0 : (seen & SEEN_NONZERO) == 0 ? 2 : 1;
        blk[qt * nk + kt] = uint8_t(cls);
    }
}
