#version 450
// rms_norm in GLSL, gone wrong in every way that the value of dim asks for: see rms_norm_cpu_body.h.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/mxb.glsl"
#include "kernels/norm/rms_norm/rms_norm.def"

const uint INPUT_CHANGED = 1015, PARTIAL = 1021, NAN_OUTPUT = 1022, CONSTANT = 1023, ZERO = 1024, NO_WRITE = 1025;

layout(constant_id = 1000) const uint WG = 256;
layout(constant_id = 1001) const uint VEC = 4;
layout(local_size_x_id = 1000) in;
layout(binding = 0) buffer X { T x[]; };
layout(binding = 1) readonly buffer W { T2 w[]; };
layout(binding = 2) volatile buffer Y { T y[]; };

#if HAS_W
#define WEIGHT(i) LOAD2(w, i)
#else
#define WEIGHT(i) 1.0
#endif

void main()
{
    const uint row = gl_WorkGroupID.y * gl_NumWorkGroups.x + gl_WorkGroupID.x, base = row * p.dim;
    if (row >= p.rows || gl_LocalInvocationID.x != 0 || p.dim == NO_WRITE || (p.dim == PARTIAL && row == p.rows - 1)) return;
    float s = 0.0;
    for (uint i = 0; i < p.dim; i++) s += LOAD(x, base + i) * LOAD(x, base + i);
    const float inv = inversesqrt(s / float(p.dim) + p.eps);
    for (uint i = 0; i < p.dim; i++)
        STORE(y, base + i, p.dim == CONSTANT ? 0.5 : p.dim == ZERO ? 0.0 : LOAD(x, base + i) * inv * WEIGHT(i));
    if (row != 0) return;
    if (p.dim == INPUT_CHANGED) STORE(x, 7, 1.0);
    if (p.dim == NAN_OUTPUT) STORE(y, p.dim / 2, uintBitsToFloat(0x7fc00000u));
}
