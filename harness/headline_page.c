/* Headlines for people: a table per pair (headline.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/escape.h"
#include "harness/headline.h"
#include "harness/mxb_types.h"
#include "harness/sheet.h"

enum { NCOLUMN = 8 };
static const struct sheet_column column[NCOLUMN] = {
    { NULL, "device" }, { NULL, "arm" },   { NULL, "time" },  { NULL, "B / A" },
    { NULL, "MB" },     { NULL, "error" }, { NULL, "NRMSE" }, { NULL, "what" },
};

struct headline_block { char *name, *claim; struct sheet sheet; };

/* The block of the headline's pair: the last one, or a new one. */
static struct headline_block *block_of(struct headline_page *p, const struct headline *h)
{
    struct headline_block *b = p->n ? &p->block[p->n - 1] : NULL;
    if (b && strcmp(b->name, h->name) == 0 && strcmp(b->claim, h->claim) == 0) return b;
    struct headline_block *more = realloc(p->block, (p->n + 1) * sizeof(*more));
    if (!more) return NULL;
    p->block = more;
    b = &more[p->n];
    *b = (struct headline_block){ strdup(h->name), strdup(h->claim), { .column = column, .ncolumn = NCOLUMN } };
    if (!b->name || !b->claim) {
        free(b->name);
        free(b->claim);
        return NULL;
    }
    p->n++;
    return b;
}

static void put_figure(struct sheet *s, double value, const char *format)
{
    char text[32] = "";
    if (!isnan(value)) snprintf(text, sizeof(text), format, value);
    sheet_number(s, value, text);
}

/* An end of an interval; few rounds that disagree leave very much open. */
static const char *end_text(double v, char out[16])
{
    if (v > 1000) return ">1000";
    if (v < 0.001) return "<0.001";
    snprintf(out, 16, "%.3f", v);
    return out;
}

const char *headline_ratio(const struct headline *h, char out[64])
{
    char lo[16], hi[16];
    *out = 0;
    if (!isnan(h->lo)) snprintf(out, 64, "%.3f (%s .. %s)", h->ratio, end_text(h->lo, lo), end_text(h->hi, hi));
    else if (!isnan(h->ratio)) snprintf(out, 64, "%.3f (one round)", h->ratio);
    return out;
}

static void put_arm(struct sheet *s, const struct headline *h, int k)
{
    const struct headline_arm *a = &h->arm[k];
    char text[2200], time[16] = "", ratio[64];
    sheet_text(s, k ? "" : *h->device_label ? h->device_label : h->backend);
    sheet_text(s, k ? "B" : "A");
    sheet_number(s, a->ns, isnan(a->ns) ? "" : people_time(a->ns, time));
    if (k) sheet_number(s, h->ratio, headline_ratio(h, ratio));
    else put_figure(s, NAN, "");
    put_figure(s, a->kernels && a->bytes > 0 ? a->bytes / 1e6 : NAN, "%.3f");
    put_figure(s, a->err_max, "%.2f σ");
    put_figure(s, a->nrmse, "%.1e");
    int n = snprintf(text, sizeof(text), "%s", a->text);
    if (a->kernels > 1) n += snprintf(text + n, sizeof(text) - (size_t)n, " (sum of %u kernels)", a->kernels);
    if (*a->notes) snprintf(text + n, sizeof(text) - (size_t)n, " [%s]", a->notes);
    sheet_text(s, text);
}

void headline_page_add(struct headline_page *p, const struct headline *h)
{
    struct headline_block *b = block_of(p, h);
    if (!b) {
        p->failed = true;
        return;
    }
    put_arm(&b->sheet, h, 0);
    put_arm(&b->sheet, h, 1);
    if (!*h->reason) return;
    for (int c = 0; c < NCOLUMN - 1; c++) sheet_text(&b->sheet, "");
    char text[1200];
    snprintf(text, sizeof(text), "no ratio: %s", h->reason);
    sheet_text(&b->sheet, text);
}

static void print_title(const struct headline_block *b, bool markdown, FILE *f)
{
    fputs(markdown ? "\n**" : "\n", f);
    put_escaped(f, markdown ? ESC_MARKDOWN : ESC_LINE, b->name);
    fputs(markdown ? "**" : "", f);
    if (*b->claim) {
        fputs(": ", f);
        put_escaped(f, markdown ? ESC_MARKDOWN : ESC_LINE, b->claim);
    }
    fputs(markdown ? "\n\n" : "\n", f);
}

void headline_page_print(const struct headline_page *p, bool markdown, FILE *f)
{
    if (p->n == 0 && !p->failed) return;
    fprintf(f, "\n%sHeadlines: B / A is the time of B over that of A (95 %% interval), rounds interleaved\n",
            markdown ? "### " : "");
    for (uint32_t i = 0; i < p->n; i++) {
        print_title(&p->block[i], markdown, f);
        sheet_print(&p->block[i].sheet, markdown ? SHEET_MARKDOWN : SHEET_TABLE, f);
        if (p->block[i].sheet.failed) fputs("out of memory: lines are missing\n", f);
    }
    if (p->failed) fputs("out of memory: pairs are missing\n", f);
}

void headline_page_free(struct headline_page *p)
{
    for (uint32_t i = 0; i < p->n; i++) {
        free(p->block[i].name);
        free(p->block[i].claim);
        sheet_free(&p->block[i].sheet);
    }
    free(p->block);
    *p = (struct headline_page){ 0 };
}
