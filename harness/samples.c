/* Packs timing samples: differences of values in 1/16 ns, zigzag-coded, as variable-length integers of 7 bits a byte,
 * least significant first.  Neighbouring samples are alike, so that most differences need two or three bytes. */
#include "harness/store.h"

#include <math.h>
#include <stdlib.h>

enum { UNITS_PER_NS = 16, VARINT_MAX = 9 };
static const double LARGEST_NS = 0x1p56;             /* two years; differences stay within 62 bits */

/* MXB_EINVAL: a sample that is negative, not finite or absurdly long. */
int samples_pack(const double *ns, size_t n, unsigned char **data, size_t *bytes)
{
    *data = NULL;
    *bytes = 0;
    unsigned char *out = malloc(n * VARINT_MAX + 1);
    if (!out) return MXB_ENOMEM;
    size_t at = 0;
    int64_t before = 0;
    for (size_t i = 0; i < n; i++) {
        if (!(ns[i] >= 0 && ns[i] <= LARGEST_NS)) {
            free(out);
            return MXB_EINVAL;
        }
        const int64_t value = llround(ns[i] * UNITS_PER_NS), delta = value - before;
        uint64_t code = (uint64_t)delta << 1 ^ (delta < 0 ? UINT64_MAX : 0);
        before = value;
        for (; code >= 0x80; code >>= 7) out[at++] = (unsigned char)(code | 0x80);
        out[at++] = (unsigned char)code;
    }
    *data = out;
    *bytes = at;
    return 0;
}

/* MXB_EPARSE: not n samples, or values that no samples_pack() wrote. */
int samples_unpack(const unsigned char *data, size_t bytes, double *ns, size_t n)
{
    size_t at = 0;
    int64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t code = 0;
        unsigned shift = 0;
        unsigned char byte;
        do {
            if (at == bytes || shift > 56) return MXB_EPARSE;      /* nine bytes hold every difference */
            byte = data[at++];
            code |= (uint64_t)(byte & 0x7f) << shift;
            shift += 7;
        } while (byte & 0x80);
        const int64_t delta = (int64_t)(code >> 1) ^ -(int64_t)(code & 1);
        value += delta;
        if (value < 0 || value > (int64_t)LARGEST_NS * UNITS_PER_NS) return MXB_EPARSE;
        ns[i] = (double)value / UNITS_PER_NS;
    }
    return at == bytes ? 0 : MXB_EPARSE;
}
