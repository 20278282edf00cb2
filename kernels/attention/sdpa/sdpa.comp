#version 450
// Causal attention, whole or in a sliding window: ROWS query rows of a key/value head by one workgroup.  The rows of the query
// heads that share it lie one behind another.  Source: mlx-native, sdpa.metal and sdpa_sliding.metal.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend.glsl"
#include "kernels/attention/sdpa/sdpa.def"

// Two views of the output: single elements, and groups of four.
layout(binding = 3) writeonly buffer BufO { T O[]; };
layout(binding = 3) writeonly buffer BufO4 { TX4 O4[]; };

// The four elements of group u of row `row`, as far as there are columns.
void store(uint row, uint u, vec4 o)
{
    const uint d = p.head_dim;
    if (VEC == 4) {
        STOREX4(O4, row * (d / 4) + u, o);
        return;
    }
    for (uint i = 0; i < 4 && 4 * u + i < d; i++) STORE(O, row * d + 4 * u + i, o[i]);
}

void main()
{
    const uint t = gl_LocalInvocationID.x, d = p.head_dim, group_rows = p.n_heads / p.n_kv_heads * p.seq_len;
    const uint kv_head = gl_WorkGroupID.z * gl_NumWorkGroups.y + gl_WorkGroupID.y, r0 = gl_WorkGroupID.x * ROWS;
    const uint rows = min(ROWS, group_rows - r0), q0 = kv_head * group_rows + r0;
    const uint kv0 = kv_head * (p.kv_capacity != 0 ? p.kv_capacity : p.kv_seq_len);

    attend_load_q(q0, rows, d, false);
    if (t < ROWS) {
        const uint own = p.kv_seq_len - p.seq_len + (r0 + t) % p.seq_len;        // the row's position
        row_lo[t] = SLIDING != 0 && own >= p.window_size ? own - p.window_size : 0;
        row_hi[t] = own + 1;
    }
    attend_start();
    barrier();                       // q_rows, row_lo and row_hi are there
    uint lo = row_lo[0], hi = row_hi[0];         // of all rows together
    for (uint r = 1; r < rows; r++) {
        lo = min(lo, row_lo[r]);
        hi = max(hi, row_hi[r]);
    }
    for (uint base = lo / KEYS * KEYS; base < hi; base += KEYS) attend_chunk(kv0, base, lo, hi, d, p.scale);

    [[unroll]] for (uint r = 0; r < ROWS; r++) {
        const float unit = 1.0 / l[r];
        [[unroll]] for (uint c = 0; c < COLS; c++) {
            const uint u = t + c * WG;
            if (r < rows && 4 * u < d) store(q0 + r, u, acc[r * COLS + c] * unit);
        }
    }
}
