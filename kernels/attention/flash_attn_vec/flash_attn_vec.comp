#version 450
// Split-K decode attention: partial sums of one group of chunks of 32 keys for ROWS query heads of a key/value head, by one
// workgroup.  Source: mlx-native, flash_attn_vec.metal.  Q is narrowed to f16; one group alone normalises its result.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend_split.glsl"
#include "kernels/attention/flash_attn_vec/flash_attn_vec.def"

const uint MASK_SLIDING = 2;

void main()
{
    const uint g = gl_WorkGroupID.x, head = gl_WorkGroupID.y * ROWS, n = p.kv_seq_len;
    const bool window = p.mask_type == MASK_SLIDING && p.sliding_window > 0 && p.sliding_window < n;
    const uint row0 = head / (p.n_heads / p.n_kv_heads) * p.kv_capacity;

    attend_load_q(head, ROWS, BD, true);
    attend_group(row0, g, p.nwg, window ? n - p.sliding_window : 0, n, BD, p.scale);
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const float unit = p.nwg > 1 ? 1.0 : l[r] == 0.0 ? 0.0 : 1.0 / l[r];
        attend_store_a(r, head + r, g, p.nwg, BD, unit);
        if (p.nwg > 1) attend_store_sm(r, p.n_heads, head + r, g, p.nwg, BD);
    }
}
