// y[r,i] = x[r,i] / sqrt(mean_j(x[r,j]^2) + eps) * w[i], one workgroup per row, tree reduction in local memory.
// Source: mlx-native, rms_norm.metal.  f32 arithmetic, (x * inv) * w in this order, one rounding at the store.
#include "kernels/common/mxb.cl.h"
#include "kernels/norm/rms_norm/rms_norm.def"

#if VEC == 4
#define FV float4
#define LOADV LOADX4
#define STOREV STOREX4
#define LOADWV LOAD2X4
#define SUM_SQUARES(v) ((v).x * (v).x + (v).y * (v).y + (v).z * (v).z + (v).w * (v).w)
#else
#define FV float
#define LOADV LOAD
#define STOREV STORE
#define LOADWV LOAD2
#define SUM_SQUARES(v) ((v) * (v))
#endif

// WG is a power of two, VEC (1 or 4) divides dim; an index counts groups of VEC elements.
__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void rms_norm(__global const T *x, __global const T2 *w, __global T *y, const struct rms_norm_params p)
{
    __local float part[WG];
    const uint row = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0));
    if (row >= p.rows) return;                   // the last line of a two-dimensional grid; the same for a whole group
    const uint t = (uint)get_local_id(0), n = p.dim / VEC, base = row * n;

    float s = 0.0f;
    for (uint i = t; i < n; i += WG) {
        const FV v = LOADV(x, base + i);
        s += SUM_SQUARES(v);
    }
    part[t] = s;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint k = WG / 2; k > 0; k /= 2) {
        if (t < k) part[t] += part[t + k];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float inv = rsqrt(part[0] / (float)p.dim + p.eps);
    for (uint i = t; i < n; i += WG) {
        FV v = LOADV(x, base + i) * inv;
#if HAS_W
        v *= LOADWV(w, i);
#endif
        STOREV(y, base + i, v);
    }
}
