/* Error in sigma per entry and device: the worst of its cases, against the gates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/case_fields.h"
#include "harness/escape.h"
#include "harness/plot.h"

enum { MAX_ENTRIES = 60 };

struct cell { double rms, max; uint32_t cases, failed; const struct stored_result *any; };

static uint32_t find_entry(const struct stored_result **entry, uint32_t *n, const struct stored_result *r)
{
    uint32_t i = 0;
    while (i < *n && strcmp(entry[i]->line.entry, r->line.entry) != 0) i++;
    if (i == *n && i < MAX_ENTRIES) entry[(*n)++] = r;
    return i;
}

static int build(const struct plot_request *q, struct plot *p, char *err, size_t errlen)
{
    const struct result_set *s = q->set;
    const struct stored_result *entry[MAX_ENTRIES];
    struct cell *cell = calloc((size_t)MAX_ENTRIES * (s->ndevice + 1), sizeof(*cell));
    const char *word[MAX_ENTRIES];
    uint32_t n = 0, left_out = 0;
    (void)err; (void)errlen;
    if (!cell) return MXB_ENOMEM;
    for (uint32_t i = 0; i < s->nresult; i++) {
        const struct stored_result *r = &s->result[i];
        if (!r->line.compared || (q->op && strcmp(r->line.op, q->op) != 0)) continue;
        const uint32_t e = find_entry(entry, &n, r);
        if (e == MAX_ENTRIES) {
            left_out++;
            continue;
        }
        struct cell *c = &cell[e * s->ndevice + r->device];
        /* A NULL in the database is an error that is no number: beyond every gate. */
        c->rms = fmax(c->rms, isnan(r->line.err_rms) ? HUGE_VAL : r->line.err_rms);
        c->max = fmax(c->max, isnan(r->line.err_max) ? HUGE_VAL : r->line.err_max);
        c->failed += strcmp(r->line.status, "PASS") != 0;
        c->cases++;
        c->any = r;
    }
    snprintf(p->title, sizeof(p->title), "Error%s%s by entry and device", q->op ? " of " : "", q->op ? q->op : "");
    if (!n) snprintf(p->subtitle, sizeof(p->subtitle), "nothing was compared");
    else if (left_out)
        snprintf(p->subtitle, sizeof(p->subtitle), "worst of all cases; the first %d entry points", MAX_ENTRIES);
    else snprintf(p->subtitle, sizeof(p->subtitle), "worst of all cases; at or below 0.01: bit equal or nearly so");
    fputs("row,entry,series_index,series,err_rms_sigma,err_max_sigma,cases,failed\n", p->data);
    for (uint32_t e = 0; e < n; e++)
        for (uint32_t d = 0; d < s->ndevice; d++) {
            const struct cell *c = &cell[e * s->ndevice + d];
            if (!c->any) continue;
            fprintf(p->data, "%u,", e);
            put_escaped(p->data, ESC_CSV, entry[e]->line.entry);
            fprintf(p->data, ",%u,", d + 1);
            put_escaped(p->data, ESC_CSV, s->device[d].label);
            fprintf(p->data, ",%.6g,%.6g,%u,%u\n", fmin(c->rms, 1e30), fmin(c->max, 1e30), c->cases, c->failed);
            p->used |= 1ull << d % 64;
            p->points++;
        }
    plot_devices(p, s);
    for (uint32_t e = 0; e < n; e++) word[e] = entry[e]->line.entry;
    plot_tics(p, "row_label", word, n);
    plot_number(p, "rows", n);
    p->height = 170 + (int)(n * (10 + 8 * s->ndevice));
    free(cell);
    return 0;
}

const struct plot_kind plot_errors = { "errors", "error in sigma per entry and device, against the gates", build };
