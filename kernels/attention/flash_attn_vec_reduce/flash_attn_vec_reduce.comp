#version 450
// Merge of split-K partial results: out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), one workgroup per row.
// Source: mlx-native, flash_attn_vec.metal; the layout of tmp is in flash_attn_vec_reduce.c.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend_merge.glsl"
#include "kernels/attention/flash_attn_vec_reduce/flash_attn_vec_reduce.def"

void main()
{
    attend_merge(gl_WorkGroupID.x, p.nrows, p.nwg, BD);
}
