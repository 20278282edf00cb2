#version 450
// Decode attention, first kernel: partial sums of one of PARTS parts of the keys for ROWS query heads of a key/value head, by
// one workgroup.  Source: mlx-native, sdpa_decode.metal.  Chunks of 32 keys go to the parts in turn.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend_split.glsl"
#include "kernels/attention/sdpa_decode/sdpa_decode.def"

layout(constant_id = 1005) const uint PARTS = 4;

void main()
{
    const uint part_index = gl_WorkGroupID.x, head = gl_WorkGroupID.y * ROWS, d = p.head_dim;

    attend_load_q(head, ROWS, d, false);
    attend_group(head / (p.n_heads / p.n_kv_heads) * p.kv_capacity, part_index, PARTS, 0, p.kv_seq_len, d, p.scale);
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        attend_store_a(r, head + r, part_index, PARTS, d, 1.0);
        attend_store_sm(r, p.n_heads, head + r, part_index, PARTS, d);
    }
}
