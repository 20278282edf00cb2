/* Rows of packed codes on the CPU: codes of 2, 3, 4, 6 or 8 bits one after another in 32-bit words, the first in the
 * low bits, looked up in a codebook of 2^bits numbers.  Where codes do not straddle bytes, a byte's numbers are copied
 * at once from a table. */
#ifndef PACKED_CODES_CPU_H
#define PACKED_CODES_CPU_H
#include "kernels/common/lookup_cpu.h"

struct code_table {
    int bits;
    float codebook[256];
    float bytes[256][4];             /* of bits 2, 4, 8: the 8 / bits numbers of each byte */
};

/* Words of a row of n codes. */
VF_INLINE int64_t code_words(int64_t n, int bits) { return (n * bits + 31) / 32; }

VF_INLINE uint32_t code_at(const uint32_t *row, int64_t d, int bits)
{
    const int64_t bit = d * bits;
    const int shift = (int)(bit % 32);
    uint32_t code = row[bit / 32] >> shift;
    if (shift + bits > 32) code |= row[bit / 32 + 1] << (32 - shift);
    return code & ((1u << bits) - 1);
}

/* codebook: 2^bits numbers stored as dt. */
static inline void code_table_init(struct code_table *t, int bits, enum mxb_dtype dt, const void *codebook)
{
    t->bits = bits;
    for (int i = 0; i < 1 << bits; i++)
        t->codebook[i] = vf_load_part(dt, codebook, i, 1)[0];
    if (8 % bits) return;
    for (uint32_t byte = 0; byte < 256; byte++)
        for (int i = 0; i < 8 / bits; i++)
            t->bytes[byte][i] = t->codebook[byte >> (i * bits) & ((1u << bits) - 1)];
}

#if defined(VF_AVX512)
/* Codes d .. d + 15; d is a multiple of 16, so they begin at a word or, of 3 bits, in its middle. */
VF_INLINE vi codes_at(const uint32_t *row, int64_t d, int bits)
{
    const int64_t bit = d * bits;
    const __m512i words = _mm512_maskz_loadu_epi32((__mmask16)((1 << (16 * bits + 31) / 32) - 1), row + bit / 32);
    const vi at = vi_iota() * bits + (int32_t)(bit % 32), word = at >> 5, shift = at & 31;
    vi code = (vi)_mm512_srlv_epi32(_mm512_permutexvar_epi32((__m512i)word, words), (__m512i)shift);
    if (32 % bits) code |= (vi)_mm512_sllv_epi32(_mm512_permutexvar_epi32((__m512i)(word + 1), words), (__m512i)(32 - shift));
    return code & ((1 << bits) - 1);
}
#endif

/* out[d] = codebook[code d] for d < n.  bits: t->bits, a constant where it can be. */
VF_INLINE void decode_row_as(int bits, const struct code_table *t, const uint32_t *row, int64_t n, float *out)
{
    int64_t d = 0;
#if defined(VF_AVX512)
    for (; d + VL <= n; d += VL) {
        const vi code = codes_at(row, d, bits);
        vf x = vf_lookup(t->codebook, bits == 8 ? 128 : 1 << bits, code);
        if (bits == 8) x = vf_select(code > 127, vf_lookup(t->codebook + 128, 128, code), x);
        vf_store_f32(out + d, x);
    }
#endif
    if (8 % bits == 0) {
        const int per_byte = 8 / bits;
        for (; d + per_byte <= n; d += per_byte) {
            const uint32_t byte = row[d * bits / 32] >> (d * bits % 32) & 255;
            memcpy(out + d, t->bytes[byte], (size_t)per_byte * 4);
        }
    }
    for (; d < n; d++)
        out[d] = t->codebook[code_at(row, d, bits)];
}

static inline void decode_row(const struct code_table *t, const uint32_t *row, int64_t n, float *out)
{
    switch (t->bits) {
    case 2:  decode_row_as(2, t, row, n, out); break;
    case 3:  decode_row_as(3, t, row, n, out); break;
    case 4:  decode_row_as(4, t, row, n, out); break;
    case 6:  decode_row_as(6, t, row, n, out); break;
    default: decode_row_as(8, t, row, n, out); break;
    }
}
#endif
