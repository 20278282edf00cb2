// Split-K attention: the partial sums of one group of chunks, and their place in tmp.  On top of attend.glsl.
//
// Of `groups` groups number g has chunks g, g + groups, ...  tmp holds per head r and group g a[4i + e] at
// 4 (r (d/4) groups + i groups + g) + e, then from heads d groups on S at 2 (r groups + g) and M behind it.
#include "kernels/common/attend.glsl"

layout(binding = 3) writeonly buffer BufTmp { float tmp[]; };
layout(binding = 3) writeonly buffer BufTmp4 { vec4 tmp4[]; };

// The chunks of group g with keys in [lo,n), which all ROWS rows attend; row0: the head's first row of K and V.
void attend_group(uint row0, uint g, uint groups, uint lo, uint n, uint d, float scale)
{
    const uint chunk0 = lo / KEYS;
    if (gl_LocalInvocationID.x < ROWS) {
        row_lo[gl_LocalInvocationID.x] = lo;
        row_hi[gl_LocalInvocationID.x] = n;
    }
    attend_start();
    barrier();                       // row_lo, row_hi and the queries are there
    for (uint base = (chunk0 + (g + groups - chunk0 % groups) % groups) * KEYS; base < n; base += groups * KEYS)
        attend_chunk(row0, base, lo, n, d, scale);
}

// a of head `head`, which is row r of the state, times unit.
void attend_store_a(uint r, uint head, uint g, uint groups, uint d, float unit)
{
    [[unroll]] for (uint c = 0; c < COLS; c++) {
        const uint u = gl_LocalInvocationID.x + c * WG;
        if (4 * u < d) tmp4[(head * (d / 4) + u) * groups + g] = acc[r * COLS + c] * unit;
    }
}

// S and M of that head.
void attend_store_sm(uint r, uint heads, uint head, uint g, uint groups, uint d)
{
    const uint sm = heads * d * groups + 2 * (head * groups + g);
    if (gl_LocalInvocationID.x == 0) {
        tmp[sm] = l[r];
        tmp[sm + 1] = m[r];
    }
}
