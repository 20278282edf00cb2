/* The HTML report: one folder that opens from disk.  report_page.c writes it, the other files its parts. */
#ifndef MXB_REPORT_PAGE_H
#define MXB_REPORT_PAGE_H
#include "harness/plot.h"

struct page {
    FILE *f;                         /* index.html */
    struct store *store;
    const struct result_set *set;
    const char *folder;              /* --out */
    uint32_t pictures, left_out;     /* drawn so far; not drawn because of the limit */
    bool can_draw;                   /* gnuplot is there */
    char problem[MXB_ERRLEN];        /* the first picture that failed, "" = none */
};

void put_html(FILE *, const char *text);             /* escaped */
void put_duration(FILE *, double ns);                /* "37.6 µs"; NaN: a dash */
uint32_t count_status(const struct result_set *, const char *op, const char *status);      /* op NULL = all */

void page_summary(struct page *);    /* counts, worst errors, reasons of skips, failures */
void page_machines(struct page *);   /* runs, machines, devices */
/* The ratios of pairs; nothing if the runs have none. */
int  page_headlines(struct page *, char *err, size_t errlen);
void page_overview_plots(struct page *);
void page_op_plots(struct page *, const char *op);
void page_table(struct page *, const char *op);
#endif
