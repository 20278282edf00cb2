/* `mlxbench gate`: has a kernel become wrong or slower?  With a base program by interleaved A/B of every case,
 * without one by a screen against the history; docs/gate.md. */
#ifndef MXB_GATE_H
#define MXB_GATE_H
#include "harness/devices.h"
#include "harness/pairs.h"
#include "harness/run.h"
#include "harness/store_gate.h"

struct gate_opts {
    const struct run_opts *run;      /* suites, devices, database, time limits */
    const char *base;                /* program; NULL = none */
    const char *candidate;           /* program */
    const char *format;              /* of the report */
    bool screen;                     /* the history first, then pairs for the suspects alone */
    bool force, no_control, strict, all;
    double budget;                   /* of false alarms, 0.01 */
};

struct gate_row {                    /* one case on one device */
    const struct bench_case *item;
    const struct device *dev;        /* NULL: the backend has none */
    char *text;                      /* the inline case */
    char name[640], id[11], label[32];               /* case_text(), case id */
    char status[2][16], reason[2][400];              /* [enum arm_name]; "" = that program does not know the case */
    bool timed;                      /* the suite wants a time */
    const char *method;              /* "check", "ab", "screen" */
    enum verdict verdict;
    char cause[512];                 /* why, for people; "" = the figures say it */
    double min_effect;
    struct effect effect;            /* ratio 0 = not compared */
    double q, base_ns, cand_ns;      /* q: NaN = none */
    uint32_t n;                      /* pairs, or runs of history */
    struct trial *trial;             /* NULL = no pairs */
};

struct control { char label[32]; struct trial trial; bool found; };       /* a planted slowdown */

struct gate {
    const struct gate_opts *o;
    struct case_list cases;
    struct arena arena;
    struct device_list devices;
    struct gate_row *row; uint32_t nrow;
    struct trial *trial; uint32_t ntrial;
    struct control control[MAX_DEVICES]; uint32_t ncontrol;
    struct store *store; char uuid[37];
    uint32_t count[VERDICT_COUNT];   /* of the rows with a time, and of every other verdict than unchanged */
    uint32_t checked;                /* rows that are right and have no time */
    char distrust[400];              /* why the gate's word counts for nothing; "" = it counts */
    char note[400];                  /* what else people should know */
    uint64_t seed, kernels;          /* kernels: hash of what --kernel-dir held at the beginning */
    uint32_t processes; double wall_ns, kernel_ns;   /* of the pairs */
    double seconds;
    int exit_code;
};

/* Both return the exit code; errors are one line on stderr. */
int  gate_run(const struct gate_opts *);
/* `mlxbench calibrate`, calibrate.c: the candidate against itself, `passes` decisions for each case, and `planted`
 * with a slowdown by the share `plant` in one arm. */
int  calibrate_run(const struct gate_opts *, uint32_t passes, uint32_t planted, double plant);

/* ---- parts: 0 or a negative mxb_err with one line in err ---- */
int  gate_open(struct gate *, const char *purpose, char *err, size_t errlen);   /* suites, devices, rows, database */
int  gate_kernels(const struct gate *, uint64_t *hash, char *err, size_t errlen);   /* of --kernel-dir as it is now; 0 = none */
void gate_close(struct gate *, int rc);              /* the run is complete (rc 0) or aborted */
int  gate_check(struct gate *, char *err, size_t errlen);     /* gate_check.c: both programs check every case */
int  gate_screen(struct gate *, char *err, size_t errlen);    /* gate_screen.c: runs the suites, asks the history */
/* Pairs for the rows that `wanted` accepts; their verdicts follow. */
int  gate_pairs(struct gate *, bool (*wanted)(const struct gate_row *), char *err, size_t errlen);
/* Pairs of any two arms; `salt` tells the orders of several calls apart. */
int  gate_trials(struct gate *, const struct arm *base, const struct arm *cand, struct trial *, uint32_t n,
                 uint64_t salt, char *err, size_t errlen);
bool gate_comparable(const struct gate_row *);       /* right in both programs, and to be timed */
int  gate_control(struct gate *, char *err, size_t errlen);   /* plants a slowdown on every device that had pairs */
void gate_identity(const struct gate *, const struct gate_row *, char *params, size_t n, char *text, size_t textlen,
                   struct result_row *);             /* what the database knows the case and device by */
/* Options of the command line that both programs get. */
uint32_t gate_options(const struct gate *, const char **option, uint32_t max, bool selection);
bool gate_severe(enum verdict);                      /* to be shown always */
/* False with the reason: it raised more false alarms than the budget, or misses slowdowns. */
bool gate_calibrated_well(const struct calibration *, const char *label, double budget, char *why, size_t n);

/* ---- gate_report.c ---- */
struct gate_reporter { const char *name; void (*print)(FILE *, const struct gate *); };
extern const struct gate_reporter gate_reporters[];  /* ends with a NULL name; the first is the default */
void gate_sentence(const struct gate *, char *out, size_t n);      /* the result in words */
#endif
