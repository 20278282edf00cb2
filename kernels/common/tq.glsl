// TurboQuant in GLSL: signs and the fast Walsh-Hadamard transform in shared memory.  DIM (256 or 512) is an entry
// constant.
#include "kernels/common/tq_tables.h"
const uint tq_sign_word[16] = uint[](TQ_SIGN_WORDS);
const float tq_inv_sqrt = DIM == 256 ? TQ_INV_SQRT_256 : TQ_INV_SQRT_512;

// x with sign j of the rotation.
float tq_signed(float x, uint j) { return TQ_NEGATIVE(tq_sign_word, j) ? -x : x; }

// Unnormalised transform of the DIM numbers from x[base] on, in natural order, by `lanes` work items numbered `lane`.
// The whole workgroup must call it; it waits before the first and after the last access.
#define TQ_FWHT(x, base, lane, lanes)                                                       \
    for (uint tq_h = 1u; tq_h < DIM; tq_h *= 2u) {                                          \
        barrier();                                                                          \
        for (uint tq_i = lane; tq_i < DIM / 2u; tq_i += lanes) {                            \
            const uint tq_lo = (base) + 2u * tq_i - (tq_i & (tq_h - 1u));                   \
            const float tq_a = x[tq_lo], tq_b = x[tq_lo + tq_h];                            \
            x[tq_lo] = tq_a + tq_b;                                                         \
            x[tq_lo + tq_h] = tq_a - tq_b;                                                  \
        }                                                                                   \
    }                                                                                       \
    barrier()
