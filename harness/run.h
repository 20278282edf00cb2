/* `mlxbench run`: the one place where the phases of a case stand in order. */
#ifndef MXB_RUN_H
#define MXB_RUN_H
#include "harness/interrupt.h"
#include "harness/report.h"
#include "harness/roofline.h"

struct run_opts {
    struct suite_opts suites;
    const char *const *path; uint32_t npath;         /* suite files or inline cases */
    const char *const *device; uint32_t ndevice;     /* --device */
    const char *db;                                  /* NULL = do not store */
    const char *kernel_dir;                          /* NULL = none */
    const char *resume;                              /* uuid of the run to go on with, its beginning, "last"; or NULL */
    const char *const *args; uint32_t nargs;         /* the command line's words, kept for --resume */
    const char *dump;                                /* folder for .npy files, NULL = none */
    struct report_sinks sinks;                       /* where results are shown; the run works on a copy */
    struct report_style style;
    struct roofline_probe *probe;                    /* measure the only device's roofline and store it; NULL = ordinary run */
    const char *cmdline;
    double timeout_s;
    uint32_t threads;                                /* cpu backend and oracle, 0 = affinity */
    uint32_t repeat;                                 /* runs of every fill of a case, 0 = one */
    const double *plant;                             /* percent of work done but not counted; NULL = no control */
    int turn_fd;                                     /* timed in turns with another program, turn.h; 0 = alone */
    bool shuffle;                                    /* problems in random order */
    bool in_process, validate;
    bool fail_fast;                                  /* stop after the first problem with a failing case */
};

enum { EXIT_FINE = 0, EXIT_REGRESSION = 1, EXIT_WRONG = 2, EXIT_USAGE = 3, EXIT_GATE = 4, EXIT_DB = 5, EXIT_INT = 130, EXIT_TERM = 143 };

/* Runs everything; returns the exit code. Errors are one line on stderr. */
int run_suites(const struct run_opts *);
#endif
