// Split-K attention: the partial sums of one group of chunks, and their place in tmp.  On top of attend.cl.h.
//
// Of `groups` groups number g has chunks g, g + groups, ...  tmp holds per head r and group g a[4i + e] at
// 4 (r (d/4) groups + i groups + g) + e, then from heads d groups on S at 2 (r groups + g) and M behind it.
#include "kernels/common/attend.cl.h"

// The chunks of group g with keys in [lo,n), which all ROWS rows attend; K and V begin with the head's first key.
void attend_group(struct attend *s, ATTEND_LOCAL *w, __global const T2 *K, __global const T2 *V, uint g, uint groups, uint lo,
                  uint n, uint d, float scale, uint t)
{
    const uint chunk0 = lo / KEYS;
    if (t < ROWS) {
        w->lo[t] = lo;
        w->hi[t] = n;
    }
    attend_start(s);
    barrier(CLK_LOCAL_MEM_FENCE);                // lo, hi and the queries are there
    for (uint base = (chunk0 + (g + groups - chunk0 % groups) % groups) * KEYS; base < n; base += groups * KEYS)
        attend_chunk(s, w, K, V, base, lo, n, d, scale, t);
}

// a of head `head`, which is row r of the state, times unit.
void attend_store_a(const struct attend *s, uint r, __global float4 *tmp, uint head, uint g, uint groups, uint d, float unit, uint t)
{
    #pragma unroll
    for (uint c = 0; c < COLS; c++) {
        const uint u = t + c * WG;
        if (4 * u < d) tmp[((size_t)head * (d / 4) + u) * groups + g] = s->acc[r * COLS + c] * unit;
    }
}

// S and M of that head.
void attend_store_sm(const struct attend *s, uint r, __global float4 *tmp, uint heads, uint head, uint g, uint groups, uint d,
                     uint t)
{
    __global float *sm = (__global float *)tmp + (size_t)heads * d * groups + 2 * (head * groups + g);
    if (t == 0) {
        sm[0] = s->l[r];
        sm[1] = s->m[r];
    }
}
