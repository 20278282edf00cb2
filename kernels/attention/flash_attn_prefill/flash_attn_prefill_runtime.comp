#version 450
// O = softmax(Q K^T * scale + mask) V, tiled, without constants of the pipeline: flash_attn_prefill_tiled.glsl.
#define RUNTIME
#extension GL_GOOGLE_include_directive : require
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_tiled.glsl"
