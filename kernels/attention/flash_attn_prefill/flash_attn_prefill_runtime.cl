// O = softmax(Q K^T * scale + mask) V, tiled, without constants of the pipeline: flash_attn_prefill.cl.
#define RUNTIME
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.cl"
