/* The byte pattern of the guard zones around every buffer. */
#include "harness/check.h"

/* Differs by position and salt, so that neither a shifted copy of a zone nor another buffer's zone looks intact, and is
 * never 0x00 or 0xFF, the bytes that a stray clear or poison would write. */
static unsigned char pattern(uint64_t salt, size_t i)
{
    uint64_t x = salt + (i / 8 + 1) * UINT64_C(0x9E3779B97F4A7C15);   /* splitmix64: eight bytes a step */
    x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
    x ^= x >> 31;
    const unsigned char b = (unsigned char)(x >> i % 8 * 8);
    return b == 0x00 || b == 0xFF ? 0xA5 : b;
}

void guard_fill(void *zone, size_t n, uint64_t salt)
{
    unsigned char *p = zone;
    for (size_t i = 0; i < n; i++)
        p[i] = pattern(salt, i);
}

bool guard_intact(const void *zone, size_t n, uint64_t salt, size_t *first_bad)
{
    const unsigned char *p = zone;
    for (size_t i = 0; i < n; i++)
        if (p[i] != pattern(salt, i)) {
            if (first_bad)
                *first_bad = i;
            return false;
        }
    return true;
}
