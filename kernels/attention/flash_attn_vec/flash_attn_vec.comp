#version 450
// Split-K decode attention: partial sums of one group of chunks of 32 keys for ROWS query heads of a key/value head, by one
// workgroup.  Source: mlx-native, flash_attn_vec.metal.  Q is narrowed to f16; the layout of tmp is in flash_attn_vec.c.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend.glsl"
#include "kernels/attention/flash_attn_vec/flash_attn_vec.def"

layout(binding = 3) writeonly buffer BufTmp { float tmp[]; };
layout(binding = 3) writeonly buffer BufTmp4 { vec4 tmp4[]; };

const uint MASK_SLIDING = 2;

// a, S and M of head `head`, row r of the group; one group alone normalises.
void store(uint r, uint head, uint g)
{
    const float unit = p.nwg > 1 ? 1.0 : l[r] == 0.0 ? 0.0 : 1.0 / l[r];
    [[unroll]] for (uint c = 0; c < COLS; c++) {
        const uint u = gl_LocalInvocationID.x + c * WG;
        if (4 * u < BD) tmp4[(head * (BD / 4) + u) * p.nwg + g] = acc[r * COLS + c] * unit;
    }
    if (gl_LocalInvocationID.x == 0 && p.nwg > 1) {
        const uint sm = p.n_heads * BD * p.nwg + 2 * (head * p.nwg + g);
        tmp[sm] = l[r];
        tmp[sm + 1] = m[r];
    }
}

void main()
{
    const uint t = gl_LocalInvocationID.x, g = gl_WorkGroupID.x, head = gl_WorkGroupID.y * ROWS, n = p.kv_seq_len;
    const uint row0 = head / (p.n_heads / p.n_kv_heads) * p.kv_capacity;
    const bool window = p.mask_type == MASK_SLIDING && p.sliding_window > 0 && p.sliding_window < n;
    const uint lo = window ? n - p.sliding_window : 0, chunk0 = lo / KEYS;

    attend_load_q(head, ROWS, BD, true);
    if (t < ROWS) {
        row_lo[t] = lo;
        row_hi[t] = n;
    }
    attend_start();
    barrier();                       // q_rows, row_lo and row_hi are there
    // From the group's first chunk on that holds attended keys.
    for (uint base = (chunk0 + (g + p.nwg - chunk0 % p.nwg) % p.nwg) * KEYS; base < n; base += p.nwg * KEYS)
        attend_chunk(row0, base, lo, n, BD, p.scale);
    [[unroll]] for (uint r = 0; r < ROWS; r++) store(r, head + r, g);
}
