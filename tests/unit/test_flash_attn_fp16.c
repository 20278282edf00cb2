/* Tests flash_attn_prefill with sums in f16: the cases of all CPU kernels, and what numbers do that f16 cannot add. */
#define TEST_SHORT_SUMS
#include "tests/unit/test_flash_attn_cpu.c"
