/* Cold-cache timing (cold.h). */
#include <math.h>
#include <stdio.h>
#include "harness/cold.h"

enum { PROBES = 9, MAX_COLD_SETS = 100 };
static const double WANTED_RATIO = 1.2;
static const uint64_t UNKNOWN_CACHE = 64ull << 20;   /* larger than the last-level cache of most devices that do not tell */

/* NVIDIA's OpenCL driver reports 4 MiB for an L2 of 50 MiB: a discrete GPU is not believed below the unknown size. */
uint64_t cold_cache_bytes(const struct mxb_caps *caps)
{
    const bool doubtful = caps->llc_bytes == 0 || (caps->kind == MXB_KIND_DISCRETE && caps->llc_bytes < UNKNOWN_CACHE);
    return doubtful ? UNKNOWN_CACHE : caps->llc_bytes;
}


/* Median time of one repetition over PROBES samples of n repetitions. */
static int probe(sample_fn sample, void *ctx, uint32_t n, double *ns)
{
    double x[PROBES];
    for (int i = -1; i < PROBES; i++) {              /* the first is a warm-up */
        struct mxb_time t;
        const int rc = sample(ctx, n, &t);
        if (rc) return rc;
        if (i >= 0) x[i] = (t.dev_ns >= 0 ? t.dev_ns : t.host_ns) / n;
    }
    *ns = stats_median(x, PROBES);
    return 0;
}

int cold_prepare(struct exec *x, const struct plan *p, void *const *stored, sample_fn sample, void *ctx, uint32_t *sets,
                 char *err, size_t errlen)
{
    const struct mxb_caps *caps = exec_caps(x);
    const uint64_t llc = cold_cache_bytes(caps), one = exec_set_bytes(x);
    const uint64_t n = (2 * llc + one - 1) / one + 1;
    double warm, cold;
    if (n > MAX_COLD_SETS || n * one > caps->mem_bytes / 4) {
        snprintf(err, errlen, "cold cache: needs %llu buffer sets of %llu bytes against a cache of %llu", (unsigned long long)n,
                 (unsigned long long)one, (unsigned long long)llc);
        return MXB_EUNSUP;
    }
    *sets = 1;
    /* As many repetitions on one set as on all: what a submission costs beside them must not look like a cache. */
    int rc = probe(sample, ctx, (uint32_t)n, &warm);
    if (rc == 0) rc = exec_load(x, p, stored, (uint32_t)n, err, errlen);
    *sets = (uint32_t)n;
    if (rc == 0) rc = probe(sample, ctx, *sets, &cold);
    if (rc) return rc;
    if (cold < WANTED_RATIO * warm) {
        snprintf(err, errlen, "cold cache cannot be shown: cold / warm = %.2f, wanted %.1f", cold / warm, WANTED_RATIO);
        return MXB_EUNSUP;
    }
    return 0;
}
