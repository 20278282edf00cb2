/* The report's headlines: ratios of pairs, both arms with what they cost and how exact they are. */
#include <math.h>
#include <string.h>
#include "harness/headline.h"
#include "harness/report_page.h"

enum { MAX_HEADLINES = 500 };

struct section { FILE *f; uint32_t n; char title[512]; };    /* title: of the open table */

static void put_title(struct section *s, const struct headline *h)
{
    char title[sizeof(s->title)];
    snprintf(title, sizeof(title), "%s\n%s\n%s", h->suite, h->name, h->claim);
    if (s->n && strcmp(title, s->title) == 0) return;
    memcpy(s->title, title, sizeof(title));
    if (s->n) fputs("</tbody></table></div>\n", s->f);
    else fputs("<section id=\"headlines\">\n<h2>Headlines</h2>\n<p>Pairs whose rounds were interleaved. B / A is the "
               "time of B over that of A, with its 95 % interval: above 1, A is faster.</p>\n", s->f);
    fputs("<h3>", s->f);
    put_html(s->f, h->name);
    fputs("</h3>\n", s->f);
    if (*h->claim) {
        fputs("<p>The source says: ", s->f);
        put_html(s->f, h->claim);
        fputs("</p>\n", s->f);
    }
    fputs("<div class=\"wide\"><table class=\"plain\">\n<thead><tr><th>device</th><th>arm</th><th>time</th>"
          "<th>B / A</th><th>MB</th><th>error</th><th>NRMSE</th><th>what</th></tr></thead>\n<tbody>\n", s->f);
}

static void put_number(FILE *f, double v, const char *format)
{
    fputs("<td>", f);
    if (isnan(v)) fputs("–", f);
    else fprintf(f, format, v);
    fputs("</td>", f);
}

static void put_arm(FILE *f, const struct headline *h, int arm)
{
    const struct headline_arm *a = &h->arm[arm];
    char ratio[64];
    fputs("<tr><th>", f);
    if (arm == 0) put_html(f, *h->device_label ? h->device_label : h->backend);
    fprintf(f, "</th><td>%c</td><td>", "AB"[arm]);
    put_duration(f, a->ns);
    fputs("</td><td>", f);
    if (arm == 1) put_html(f, headline_ratio(h, ratio));
    fputs("</td>", f);
    put_number(f, a->bytes > 0 ? a->bytes / 1e6 : NAN, "%.3f");
    put_number(f, a->err_max, "%.2f σ");
    put_number(f, a->nrmse, "%.1e");
    fputs("<td>", f);
    put_html(f, a->text);
    if (a->kernels > 1) fprintf(f, " (sum of %u kernels)", a->kernels);
    if (*a->notes) {
        fputs(" [", f);
        put_html(f, a->notes);
        fputs("]", f);
    }
    fputs("</td></tr>\n", f);
}

static void put_headline(void *ctx, const struct headline *h)
{
    struct section *s = ctx;
    if (s->n >= MAX_HEADLINES) {
        s->n++;
        return;
    }
    put_title(s, h);
    s->n++;
    for (int arm = 0; arm < 2; arm++) put_arm(s->f, h, arm);
    if (!*h->reason) return;
    fputs("<tr><th></th><td colspan=\"7\">no ratio: ", s->f);
    put_html(s->f, h->reason);
    fputs("</td></tr>\n", s->f);
}

int page_headlines(struct page *p, char *err, size_t errlen)
{
    struct section s = { .f = p->f };
    const int rc = query_headlines(p->store, p->set, put_headline, &s, err, errlen);
    if (s.n) fputs("</tbody></table></div>\n", p->f);
    if (s.n > MAX_HEADLINES)
        fprintf(p->f, "<p>and %u more: the table <code>headline</code> of the database has them.</p>\n",
                s.n - MAX_HEADLINES);
    if (s.n) fputs("</section>\n", p->f);
    return rc;
}
