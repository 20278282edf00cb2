/* Do two tensors of a chain, computed on different ways from the same inputs, agree within the error models of both?
 *
 * Each of the two outputs a, b comes from a branch: the steps that lead to it and not to the other.  What both share is
 * the same data, errors included.  sigma^2 = sigma_a^2 + sigma_b^2 + spread_a + spread_b, where sigma_a is the error
 * model of a's own step on the inputs that it really read, and spread_a is what the errors that their error models
 * allow to the earlier steps of the branch do to a: the mean squared change of a's oracle when every intermediate value
 * is moved by normal noise of its own sigma.  Storing a value rounds it, which counts as such an error also where the
 * step itself is held to equal bits, since the other branch may keep that value unrounded.  Gates as in check.h. */
#ifndef MXB_CHAIN_AGREE_H
#define MXB_CHAIN_AGREE_H
#include "harness/chain.h"

enum { AGREE_DRAWS = 16 };           /* of the noise: a sigma is then known to 18 %, and 8 of them are out of reach */

struct agreement {
    uint64_t n, bad, at;             /* elements, those beyond the gate, the worst one */
    double rms, max;                 /* in sigma; infinite where NaN, infinities or equal bits differ */
    double a, b;                     /* at the worst */
};
/* stored, out: by plan_tensor().  0, MXB_ENOMEM or MXB_EINVAL with text. */
int chain_agree(const struct plan *, struct chain_ref a, struct chain_ref b, void *const *stored, void *const *out,
                uint32_t threads, double tolerance, struct agreement *, char *err, size_t errlen);
#endif
