/* One arm of a comparison: an mlxbench program, started as a process, and the rows of JSON that it prints. */
#ifndef MXB_ARM_H
#define MXB_ARM_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/measure.h"

struct arm {
    const char *program;             /* path */
    const char *kernel_dir;          /* NULL = none */
    double plant;                    /* share of work that is done but not counted; < 0: it is not told --plant */
};
struct arm_job {                     /* PROGRAM run CASE... --format json, once */
    const char *const *word; uint32_t nword;         /* suites, inline cases */
    const char *const *option; uint32_t noption;     /* further options, as they are */
    double timeout_s;                /* then the program is killed */
    int turn_fd;                     /* end of its socket, turn.h; 0 = it is alone */
    int processor;                   /* 1 + the one that it is bound to; 0 = not bound */
};
struct arm_row {                     /* what a comparison needs of one line of JSON */
    char status[16], label[32], device[128], driver[128], impl[64], tile[128], clock[8], reason[512], repro[4096];
    double median_ns;                /* 0 = not timed */
    double kernel_ns;                /* spent in timed and warm-up batches; 0 = the program does not say */
    uint32_t noise;
    uint32_t nturn; double turn_ns[MEASURE_MAX_TURNS];
};
struct arm_answer {
    struct arm_row *row; uint32_t nrow;
    char run_uuid[37];               /* "" = not stored */
    int exit_code;                   /* of the program, 128 + signal where a signal ended it */
    double wall_ns;                  /* from start to end; of two in turns, of both */
    char complaint[512];             /* first line of its stderr */
};
/* 0 with the answer (whatever the exit code), or with one line in err: MXB_ENOENT: there is no such program;
 * MXB_EPARSE: it printed something else; MXB_EDEVICE: it did not end in time, or run_interrupted is set; MXB_ENOMEM. */
int  arm_run(const struct arm *, const struct arm_job *, struct arm_answer *, char *err, size_t errlen);
/* Two programs at once that work in turns (turn.h), beginning with `first`.  On failure there is no answer of either.
 */
int  arm_run_both(const struct arm *const arm[2], const struct arm_job job[2], int first, struct arm_answer a[2],
                  char *err, size_t errlen);
void arm_free(struct arm_answer *);
#endif
