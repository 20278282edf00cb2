/* How fast: warm-up until steady, batches, adaptive stop.  Knows nothing of devices: samples come from a callback. */
#ifndef MXB_MEASURE_H
#define MXB_MEASURE_H
#include "harness/mxb_backend.h"
#include "harness/stats.h"

#define NOISE_NOT_STEADY      (1u << 0)   /* three medians within 1 % did not come within the warm-up cap */
#define NOISE_DRIFT           (1u << 1)   /* Theil-Sen drift > 1 % */
#define NOISE_AUTOCORRELATED  (1u << 2)   /* rho > 0.5 */
#define NOISE_OUTLIERS        (1u << 3)   /* > 5 % beyond 3 interquartile ranges */
#define NOISE_TICK            (1u << 4)   /* a tick is > 0.5 % of the sample */
#define NOISE_CLOCK           (1u << 5)   /* device time > host time, or device time was lost on the way */
#define NOISE_BIMODAL         (1u << 6)   /* two clusters of samples, see stats_bimodal() */
#define NOISE_THROTTLED       (1u << 7)   /* the canary beside the round was > 5 % slower than its best in this run */

struct measure_opts {
    double   min_time_ns, max_time_ns;       /* of the sampling phase */
    double   warmup_min_ns, warmup_cap_ns;   /* 100 ms, 2 s (both scaled down with max_time for short runs) */
    double   warmup_floor_ns;                /* 0: what the scaling leaves of the warm-up at least */
    uint32_t min_samples, max_samples;       /* 30, 1000 */
    double   rel_ci;                         /* 0.01: stop when the half interval is within 1 % */
    double   tick_ns;                        /* device timestamp period, 0 = unknown */
    uint32_t batch_step;                     /* batches are multiples of it; 1 */
    /* In turns with another program: sampling is that many turns of max_time / turns each, whatever the interval, and
     * between(ctx) comes before the first and after each.  0 = alone. */
    uint32_t turns;
    void (*between)(void *ctx);
};
#define WARMUP_FLOOR_GPU_NS 50e6             /* idle GPUs lower their clocks, and raise them some 10 ms after work begins */
void measure_defaults(struct measure_opts *);

/* One sample: `batch` repetitions. */
typedef int (*sample_fn)(void *ctx, uint32_t batch, struct mxb_time *t);

enum { MEASURE_MAX_SAMPLES = 1000 };
enum { MEASURE_MAX_TURNS = 32 };
#define MEASURE_LONGEST_NS 0x1p56     /* two years: no sample is longer */
struct measurement {                 /* plain data: crosses processes */
    uint32_t n, batch, warmup_n, noise;      /* noise: NOISE_ bits */
    char     clock;                  /* 'd' device or 'h' host: which one `dev` comes from */
    char     stop_reason[24];        /* "interval", "max_time", "max_samples", "turns" */
    double   first_ns;               /* host time of the first repetition, which is part of the warm-up */
    double   kernel_ns;              /* host time of all samples and the warm-up */
    double   canary_ns[2];           /* of the fixed kernel before and after the round; 0 = none.  Set by the caller */
    double   ns[MEASURE_MAX_SAMPLES];        /* per repetition, chosen clock */
    double   host_ns[MEASURE_MAX_SAMPLES];   /* per repetition, host clock */
    struct summary s;                /* of ns */
    uint32_t nturn;                  /* turns taken, and the median of each one's samples */
    double   turn_ns[MEASURE_MAX_TURNS];
};
/* 0, the callback's error, or MXB_EDEVICE: the callback returned a host time that is no time. */
int measure(const struct measure_opts *, sample_fn, void *ctx, struct measurement *out);
#endif
