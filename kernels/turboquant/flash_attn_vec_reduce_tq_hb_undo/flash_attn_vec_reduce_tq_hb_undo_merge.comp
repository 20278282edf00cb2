#version 450
// The first half of the unfused pair: out = sum_g a_g exp(M_g - M) / sum_g S_g exp(M_g - M), as flash_attn_vec_reduce
// has it.  Source: mlx-native, flash_attn_vec.metal.
#extension GL_GOOGLE_include_directive : require
#include "kernels/common/attend_merge.glsl"
#include "kernels/turboquant/flash_attn_vec_reduce_tq_hb_undo/flash_attn_vec_reduce_tq_hb_undo.def"

void main()
{
    attend_merge(gl_WorkGroupID.x, p.nrows, p.nwg, DIM);
}
