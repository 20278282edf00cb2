/* Private to the host side of aura_encode: what its tables, generators and oracle share. */
#ifndef AURA_ENCODE_HOST_H
#define AURA_ENCODE_HOST_H
#include "kernels/attention/aura_encode/aura_encode.h"

enum { DIM_MAX = 512 };

bool aura_encode_generate(const struct mxb_gen_ctx *, uint32_t t, void *out);
#endif
