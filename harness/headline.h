/* Ratios of times: a pair of `pairs:` in a suite, one combination of it on one device. */
#ifndef MXB_HEADLINE_H
#define MXB_HEADLINE_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct mxb_caps;

struct headline_arm {
    const char *text;                /* "flash_attn_vec_dk256 split nwg=16 + ...", with what tells the pair's cases apart */
    const char *cases;               /* "1a2b3c4d5e + ...": ids */
    uint32_t kernels;                /* cases whose times are added up */
    double ns, ci_lo_ns, ci_hi_ns;   /* time and 95 % interval; NaN = none, here and below */
    double bytes;                    /* compulsory traffic, by the ops' own formulas */
    double err_rms, err_max;         /* in sigma, of the worst case */
    double nrmse;                    /* rms error / rms value, of the worst output of the worst case; normal fill */
    const char *notes;               /* "blk: 65.4 % skipped, 2.7 % mixed, 31.9 % clean", and what checks that passed say */
};
struct headline {                    /* text is the caller's and gone afterwards */
    const char *suite, *name, *claim;                    /* claim "" = none */
    const char *backend, *device, *device_label, *driver;    /* device "" = the backend has none */
    const struct mxb_caps *caps;     /* of the device; NULL = it has none, or the headline comes from the database */
    uint32_t variant;                /* which combination of the pair */
    struct headline_arm arm[2];
    uint32_t rounds;                 /* in which both arms were timed */
    double ratio, lo, hi;            /* time of B / time of A; 95 % interval, NaN with less than two rounds */
    const char *reason;              /* why there is no ratio; "" = there is one */
};

struct group;
/* The headlines of groups that groups_run() has timed side by side, in the order of combinations and devices: calls
 * `each`, which returns 0 to go on.  None if the groups are no pair, were not to be timed, or were interrupted.  0,
 * MXB_ENOMEM, or what `each` returned. */
int headlines_of(const struct group *, uint32_t n, int (*each)(void *ctx, const struct headline *), void *ctx);

/* headline_line.c: one flat JSON object with a line break; the columns `pair_...` of a CSV table of cases, without line
 * breaks, empty for a headline NULL. */
void headline_json(FILE *, const struct headline *);
void headline_csv_head(FILE *);
void headline_csv(FILE *, const struct headline *);

/* headline_page.c: headlines for people, pair by pair, arms below one another. */
const char *headline_ratio(const struct headline *, char out[64]);   /* "2.000 (1.998 .. 2.002)", "" = none */
struct headline_page { struct headline_block *block; uint32_t n; bool failed; };    /* failed: no memory */
void headline_page_add(struct headline_page *, const struct headline *);         /* pairs come one after the other */
void headline_page_print(const struct headline_page *, bool markdown, FILE *);   /* nothing if there are none */
void headline_page_free(struct headline_page *);
#endif
