// rms_norm in OpenCL C, gone wrong in every way that the value of dim asks for: see rms_norm_cpu_body.h.
#include "kernels/common/mxb.cl.h"
#include "kernels/norm/rms_norm/rms_norm.def"

enum { FAR_RIGHT = 1011, PAST_END = 1013, BEFORE, INPUT_CHANGED, PARTIAL = 1021, NAN_OUTPUT, CONSTANT, ZERO, NO_WRITE, HANG = 1043 };

__kernel __attribute__((reqd_work_group_size(WG, 1, 1)))
void rms_norm(__global const T *x, __global const T2 *w, __global T *y, const struct rms_norm_params p)
{
    const uint row = (uint)(get_group_id(1) * get_num_groups(0) + get_group_id(0)), base = row * p.dim;
    if (row >= p.rows || get_local_id(0) != 0 || p.dim == NO_WRITE || (p.dim == PARTIAL && row == p.rows - 1)) return;
    float s = 0;
    for (uint i = 0; i < p.dim; i++) s += LOAD(x, base + i) * LOAD(x, base + i);
    const float inv = rsqrt(s / (float)p.dim + p.eps);
    for (uint i = 0; i < p.dim; i++) {
        float v = LOAD(x, base + i) * inv;
#if HAS_W
        v *= LOAD2(w, i);
#endif
        STORE(y, base + i, p.dim == CONSTANT ? 0.5f : p.dim == ZERO ? 0.0f : v);
    }
    if (row != 0) return;
    if (p.dim == FAR_RIGHT) for (ulong i = 1; i < 1000; i++) STORE(y, i << 30, 1.0f);
    if (p.dim == PAST_END) STORE(y, p.rows * p.dim, 1.0f);
    if (p.dim == BEFORE) STORE(y, (long)-1, 1.0f);
    if (p.dim == INPUT_CHANGED) STORE((__global T *)x, 7, 1.0f);
    if (p.dim == NAN_OUTPUT) STORE(y, p.dim / 2, NAN);
    if (p.dim == HANG) for (volatile uint i = 0;; i++) continue;
}
