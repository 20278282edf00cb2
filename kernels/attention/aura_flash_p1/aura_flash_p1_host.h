/* Private to the host side of aura_flash_p1: what its tables, generators and oracle share. */
#ifndef AURA_FLASH_P1_HOST_H
#define AURA_FLASH_P1_HOST_H
#include "kernels/attention/aura_flash_p1/aura_flash_p1.h"
#include "kernels/common/aura_host.h"

enum { HEAD_DIM_MAX = 512 };

struct shape {                       /* an entry's constants and what follows from the parameters */
    uint32_t hd, kb, vb;             /* head dimension; bits of key and value codes */
    bool causal;
    uint32_t kwords, vwords;         /* words of a row of codes */
    uint32_t stride, visible, blocks;    /* rows per head; tokens [0,visible) are attended; blocks per head */
};
struct shape aura_flash_p1_shape(const struct mxb_problem *);

bool aura_flash_p1_generate(const struct mxb_gen_ctx *, uint32_t t, void *out);
void aura_flash_p1_reference(const struct mxb_problem *, const struct mxb_ref *t, int64_t r0, int64_t r1);
#endif
