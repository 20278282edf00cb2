#version 450
// O = softmax(Q K^T * scale + mask) V with cooperative matrices (GL_KHR_cooperative_matrix), bf16 (GL_EXT_bfloat16); see
// flash_attn_prefill_tiled.glsl for the contract.
#extension GL_GOOGLE_include_directive : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_cooperative_matrix : require
#extension GL_EXT_bfloat16 : require
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_coopmat.glsl"
