#version 450
// O = softmax(Q K^T * scale + mask) V, tiled: flash_attn_prefill_tiled.glsl.
#extension GL_GOOGLE_include_directive : require
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_tiled.glsl"
