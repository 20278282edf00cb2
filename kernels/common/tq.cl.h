// TurboQuant in OpenCL C: signs and the fast Walsh-Hadamard transform in local memory.  DIM (256 or 512) is an entry
// constant.
#include "kernels/common/tq_tables.h"
__constant uint tq_sign_word[] = { TQ_SIGN_WORDS };
#define TQ_INV_SQRT (DIM == 256 ? TQ_INV_SQRT_256 : TQ_INV_SQRT_512)

// x with sign j of the rotation.
float tq_signed(float x, uint j) { return TQ_NEGATIVE(tq_sign_word, j) ? -x : x; }

// Unnormalised transform of x[0..DIM-1], in natural order, by `lanes` work items numbered `lane`.  The whole workgroup
// must call it; it waits before the first and after the last access.
void tq_fwht(__local float *x, uint lane, uint lanes)
{
    for (uint h = 1; h < DIM; h *= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint i = lane; i < DIM / 2; i += lanes) {
            const uint lo = 2 * i - (i & (h - 1));
            const float a = x[lo], b = x[lo + h];
            x[lo] = a + b;
            x[lo + h] = a - b;
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}
