// Codes of `bits` bits that lie one after another in a row of 32-bit words, the first in the low bits of the first
// word; a code may straddle two words (3 and 6 bits).  `row` is the row's first word, d the coordinate.
#define CODE_SHIFT(d, bits) ((d) * (bits) % 32u)
#define CODE_LOW(words, row, d, bits) ((words)[(row) + (d) * (bits) / 32u] >> CODE_SHIFT(d, bits))
#define CODE_HIGH(words, row, d, bits)                                                                               \
    (CODE_SHIFT(d, bits) + (bits) > 32u ? (words)[(row) + (d) * (bits) / 32u + 1u] << (32u - CODE_SHIFT(d, bits)) : 0u)
#define CODE_AT(words, row, d, bits)                                                                                 \
    ((CODE_LOW(words, row, d, bits) | (32u % (bits) == 0u ? 0u : CODE_HIGH(words, row, d, bits))) & ((1u << (bits)) - 1u))
// Words of a row of n codes.
#define CODE_WORDS(n, bits) (((n) * (bits) + 31u) / 32u)
