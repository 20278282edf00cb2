/* The progress line of a run on a terminal. */
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "harness/report.h"

double wall_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void progress_begin(struct progress *p, uint32_t total)
{
    *p = (struct progress){ .on = isatty(STDERR_FILENO) != 0, .total = total, .start_s = wall_seconds() };
}

void progress_step(struct progress *p, const char *what)
{
    const double now = wall_seconds(), spent = now - p->start_s;
    if (!p->on || now - p->last_s < 0.1) return;
    p->last_s = now;
    fprintf(stderr, "\r\033[K[%u/%u] ", p->done, p->total);
    if (p->done) {
        const double left = spent / p->done * (p->total - p->done);
        fprintf(stderr, "%d:%02d left  ", (int)left / 60, (int)left % 60);
    }
    fprintf(stderr, "%.60s", what);
    fflush(stderr);
}

void progress_clear(struct progress *p)
{
    if (!p->on || p->last_s == 0) return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
    p->last_s = 0;
}
