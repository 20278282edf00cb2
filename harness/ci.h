/* What CI services read, JUnit XML and TAP version 14, for every command that gives verdicts. */
#ifndef MXB_CI_H
#define MXB_CI_H
#include <stdint.h>
#include <stdio.h>

enum ci_outcome { CI_OK, CI_SKIPPED, CI_FAILURE, CI_ERROR };    /* error: kept from being decided */

struct ci_case {                     /* text is the caller's and gone afterwards */
    const char *suite, *kind;        /* JUnit's <testsuite>, and its class name with it: "SUITE.KIND" */
    const char *name, *label;        /* shown as "NAME [LABEL]"; label: the device, NULL = none */
    enum ci_outcome outcome;
    const char *status;              /* of a failure or error: "FAIL", "regressed" */
    const char *reason;              /* why it is not fine */
    const char *repro;               /* the command that shows a failure again; NULL = none */
    double seconds;
};

/* ---- JUnit: counts stand in front of the cases, so everything is kept in memory until the end ---- */

struct ci_property { const char *name, *value; };        /* value NULL: left out */
struct junit_end {                   /* the same in every suite */
    const struct ci_property *property; uint32_t nproperty;
    const char *text;                /* <system-out>; NULL = empty */
    double seconds;                  /* 0 = the sum of the cases' */
};
struct junit *junit_new(void);                           /* NULL: no memory */
void junit_case(struct junit *, const struct ci_case *);
/* Frees it.  Prints nothing if memory ran out: services report an empty file, but would not miss a case. */
void junit_print(FILE *, struct junit *, const struct junit_end *);

/* ---- TAP: printed as it comes; the plan is last ---- */

void tap_begin(FILE *);
void tap_case(FILE *, uint32_t *n, const struct ci_case *);      /* counts *n up */
void tap_end(FILE *, uint32_t n);
#endif
