#version 450
// Decode attention, second kernel: merges the partial sums of a query head, one workgroup per head.
// Source: mlx-native, sdpa_decode.metal.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend_merge.glsl"
#include "kernels/attention/sdpa_decode/sdpa_decode.def"

layout(constant_id = 1005) const uint PARTS = 4;

void main()
{
    attend_merge(gl_WorkGroupID.x, p.n_heads, PARTS, p.head_dim);
}
