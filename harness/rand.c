/* Counter-based random numbers: Philox 4x32-10, key = seed, counter = (index / 4, stream, 0), lane = index % 4. */
#include "harness/rand.h"
#include <math.h>

enum { LANES = 4 };

void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        const uint64_t a = UINT64_C(0xD2511F53) * c0, b = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(b >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)b;
        c2 = (uint32_t)(a >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)a;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static void block(uint64_t seed, uint32_t stream, uint64_t number, uint32_t out[LANES])
{
    const uint32_t counter[4] = { (uint32_t)number, (uint32_t)(number >> 32), stream, 0 };
    const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
    philox4x32_10(counter, key, out);
}

/* z rounded to a multiple of 2^-12, then 16 random bits below that.  The last place of libm's sin, cos and log may differ
 * between machines; so far above it the difference disappears (but for about one value in 10^11), and the added bits,
 * which owe nothing to libm, still fill the whole mantissa of an f32. */
static double settle(double z, uint32_t word)
{
    return nearbyint(z * 0x1p12) * 0x1p-12 + ((double)(word & 0xFFFFu) - 32767.5) * 0x1p-28;
}

/* Box and Muller's two normals of a pair of words. */
static void normal_pair(const uint32_t word[2], double out[2])
{
    const double radius = sqrt(-2 * log(rand_unit(word[0]))), angle = 6.283185307179586 * rand_unit(word[1]);
    out[0] = settle(radius * cos(angle), word[0]);
    out[1] = settle(radius * sin(angle), word[1]);
}

void rand_words(uint64_t seed, uint32_t stream, uint64_t first, uint64_t n, uint32_t *out)
{
    uint32_t word[LANES];
    for (uint64_t i = 0; i < n;) {
        block(seed, stream, (first + i) / LANES, word);
        for (uint64_t lane = (first + i) % LANES; lane < LANES && i < n; lane++, i++)
            out[i] = word[lane];
    }
}

void rand_normals(uint64_t seed, uint32_t stream, uint64_t first, uint64_t n, double *out)
{
    uint32_t word[LANES];
    double z[LANES];
    for (uint64_t i = 0; i < n;) {
        block(seed, stream, (first + i) / LANES, word);
        normal_pair(word, z);
        normal_pair(word + 2, z + 2);
        for (uint64_t lane = (first + i) % LANES; lane < LANES && i < n; lane++, i++)
            out[i] = z[lane];
    }
}

uint32_t mxb_rand_u32(uint64_t seed, uint32_t stream, uint64_t index)
{
    uint32_t word;
    rand_words(seed, stream, index, 1, &word);
    return word;
}

double mxb_rand_uniform(uint64_t seed, uint32_t stream, uint64_t index)
{
    return rand_unit(mxb_rand_u32(seed, stream, index));
}

double mxb_rand_normal(uint64_t seed, uint32_t stream, uint64_t index)
{
    double z;
    rand_normals(seed, stream, index, 1, &z);
    return z;
}
