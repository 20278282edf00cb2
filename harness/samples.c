/* Packs timing samples: differences of values in 1/16 ns, zigzag-coded, as variable-length integers of 7 bits a byte,
 * least significant first.  Neighbouring samples are alike, so that most differences need two or three bytes.
 *
 * Clocks tick in whole nanoseconds, so values often have a common divisor g > 1.  Then the first integer is 2 g + 1 and
 * all values are divided by g; without it the first integer, twice the first value, is even. */
#include "harness/store.h"

#include <math.h>
#include <stdlib.h>

enum { UNITS_PER_NS = 16, VARINT_MAX = 9 };
static const double LARGEST_NS = MEASURE_LONGEST_NS; /* differences stay within 62 bits */

static size_t put_varint(unsigned char *out, uint64_t code)
{
    size_t n = 0;
    for (; code >= 0x80; code >>= 7) out[n++] = (unsigned char)(code | 0x80);
    out[n++] = (unsigned char)code;
    return n;
}

/* False: the data ends, or an integer is longer than nine bytes. */
static bool get_varint(const unsigned char *data, size_t bytes, size_t *at, uint64_t *code)
{
    unsigned shift = 0;
    unsigned char byte;
    *code = 0;
    do {
        if (*at == bytes || shift > 56) return false;
        byte = data[(*at)++];
        *code |= (uint64_t)(byte & 0x7f) << shift;
        shift += 7;
    } while (byte & 0x80);
    return true;
}

static uint64_t zigzag(int64_t v) { return (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0); }
static int64_t unzigzag(uint64_t code) { return (int64_t)(code >> 1) ^ -(int64_t)(code & 1); }

static int64_t divisor(int64_t a, int64_t b)
{
    while (b) {
        const int64_t t = a % b;
        a = b;
        b = t;
    }
    return a;
}

/* MXB_EINVAL: a sample that is negative, not finite or absurdly long. */
int samples_pack(const double *ns, size_t n, unsigned char **data, size_t *bytes)
{
    *data = NULL;
    *bytes = 0;
    unsigned char *out = malloc((n + 1) * VARINT_MAX);
    if (!out) return MXB_ENOMEM;
    int64_t g = 0, before = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(ns[i] >= 0 && ns[i] <= LARGEST_NS)) {
            free(out);
            return MXB_EINVAL;
        }
        g = divisor(g, llround(ns[i] * UNITS_PER_NS));
    }
    size_t at = 0;
    if (g > 1) at = put_varint(out, 2 * (uint64_t)g + 1);
    else g = 1;
    for (size_t i = 0; i < n; i++) {
        const int64_t value = llround(ns[i] * UNITS_PER_NS) / g;
        at += put_varint(out + at, zigzag(value - before));
        before = value;
    }
    *data = out;
    *bytes = at;
    return 0;
}

/* MXB_EPARSE: not n samples, or values that no samples_pack() wrote. */
int samples_unpack(const unsigned char *data, size_t bytes, double *ns, size_t n)
{
    const int64_t largest = (int64_t)LARGEST_NS * UNITS_PER_NS;
    size_t at = 0;
    int64_t value = 0, g = 1;
    uint64_t code = 0;
    for (size_t i = 0; i < n; i++) {
        if (!get_varint(data, bytes, &at, &code)) return MXB_EPARSE;
        if (i == 0 && code & 1) {
            g = (int64_t)(code >> 1);
            if (g < 2 || g > largest || !get_varint(data, bytes, &at, &code)) return MXB_EPARSE;
        }
        value += unzigzag(code);
        if (value < 0 || value > largest / g) return MXB_EPARSE;
        ns[i] = (double)(value * g) / UNITS_PER_NS;
    }
    return at == bytes ? 0 : MXB_EPARSE;
}
