/* flash_attn_prefill in bf16 for AMX: both products in tiles, weights narrowed to bf16. */
#if defined(__AMX_BF16__) && defined(__AVX512BF16__)
#include <immintrin.h>
#include <stdint.h>

/* What ldtilecfg reads: eight tiles of 16 rows of 64 bytes.  Constant data, because gcc 12 believes that ldtilecfg reads its first
 * eight bytes alone. */
static const struct { uint8_t palette, start_row, reserved[14]; uint16_t row_bytes[16]; uint8_t rows[16]; } all_tiles = {
    .palette = 1, .row_bytes = { 64, 64, 64, 64, 64, 64, 64, 64 }, .rows = { 16, 16, 16, 16, 16, 16, 16, 16 },
};

#define TILES_BEGIN() _tile_loadconfig(&all_tiles)   /* the state of tiles is each thread's own */
#define TILES_END() _tile_release()
#define TILE_ZERO(t) _tile_zero(t)
#define TILE_LOAD(t, from, stride) _tile_loadd(t, from, stride)
#define TILE_STORE(t, to, stride) _tile_stored(t, to, stride)
#define TILE_DOT(sum, a, b) _tile_dpbf16ps(sum, a, b)
#define KERNEL flash_attn_prefill_cpu_amx
#define PAIRS
#define TILES
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill_cpu_body.h"
#else
#include "kernels/attention/flash_attn_prefill/flash_attn_prefill.h"

/* A compiler or architecture without these instructions: the symbol exists, the implementation is SKIP. */
void flash_attn_prefill_cpu_amx(const struct mxb_args *a, int64_t begin, int64_t end)
{
    flash_attn_prefill_cpu(a, begin, end);
}
#endif
