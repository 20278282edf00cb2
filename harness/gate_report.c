/* The verdict table: for people, Markdown, programs (JSON, CSV), CI services (JUnit, TAP), and as GitHub's
 * annotations. */
#include <math.h>
#include <stdio.h>

#include "harness/ci.h"
#include "harness/escape.h"
#include "harness/gate.h"
#include "harness/json.h"
#include "harness/sheet.h"

/* From what stops a merge to what nobody needs to read. */
static const enum verdict by_weight[VERDICT_COUNT] = {
    VERDICT_NEWLY_FAILING,  VERDICT_MISSING, VERDICT_REGRESSED,    VERDICT_STILL_FAILING,
    VERDICT_NOT_COMPARABLE, VERDICT_NOISY,   VERDICT_INCONCLUSIVE, VERDICT_IMPROVED,
    VERDICT_FIXED,          VERDICT_NEW,     VERDICT_SKIPPED,      VERDICT_UNCHANGED,
};
enum { SHORT_LIST = 40 };            /* unchanged and skipped cases are listed up to here, or with --all */

static bool listed(const struct gate *g, const struct gate_row *r)
{
    if (!r->timed && r->verdict == VERDICT_UNCHANGED) return false;
    if (r->verdict != VERDICT_UNCHANGED && r->verdict != VERDICT_SKIPPED) return true;
    return g->o->all || g->count[r->verdict] <= SHORT_LIST;
}

static void each_by_weight(const struct gate *g, void (*print)(FILE *, const struct gate *, const struct gate_row *),
                           FILE *f)
{
    for (int v = 0; v < VERDICT_COUNT; v++)
        for (uint32_t i = 0; i < g->nrow; i++)
            if (g->row[i].verdict == by_weight[v] && listed(g, &g->row[i])) print(f, g, &g->row[i]);
}

static void time_text(double ns, char out[32])
{
    static const char *const unit[] = { "ns", "us", "ms", "s" };
    int u = 0;
    while (ns >= 1000 && u < 3) {
        ns /= 1000;
        u++;
    }
    snprintf(out, 32, "%.*f %s", ns < 10 ? 3 : ns < 100 ? 2 : 1, ns, unit[u]);
}

/* "+5.2 % [+4.1, +6.3], 1.23 ms -> 1.29 ms, 10 pairs", or the cause. */
static void figures(const struct gate_row *r, char *out, size_t n)
{
    char base[32], cand[32], limits[64] = "";
    size_t at = 0;
    *out = 0;
    if (r->effect.ratio > 0) {
        time_text(r->base_ns, base);
        time_text(r->cand_ns, cand);
        if (isfinite(r->effect.hi) && r->effect.lo > 0)
            snprintf(limits, sizeof limits, " [%+.1f, %+.1f]", 100 * (r->effect.lo - 1), 100 * (r->effect.hi - 1));
        at = (size_t)snprintf(out, n, "%+.1f %%%s  %s -> %s, %u %s", 100 * (r->effect.ratio - 1), limits, base, cand,
                              r->n, r->trial ? "pairs" : "earlier runs");
    }
    if (r->verdict == VERDICT_NOISY && at < n)
        at += (size_t)snprintf(out + at, n - at, ", nothing below %+.0f %% would be seen", 100 * r->effect.mde);
    if (*r->cause && at < n) snprintf(out + at, n - at, "%s%s", at ? "; " : "", r->cause);
}

static uint32_t compared_cases(const struct gate *g)
{
    uint32_t n = 0;
    for (int v = 0; v < VERDICT_COUNT; v++) n += g->count[v];
    return n;
}

void gate_sentence(const struct gate *g, char *out, size_t n)
{
    static const char *const meaning[] = { "nothing became wrong or slower", "a kernel became slower",
                                           "a kernel is wrong, crashes or is missing" };
    size_t at = (size_t)snprintf(out, n, "%s: ", g->exit_code == EXIT_FINE ? "GREEN" : "RED");
    at += (size_t)snprintf(out + at, n - at, "%s; ",
                           g->exit_code == EXIT_GATE ? "the gate cannot be trusted" : meaning[g->exit_code]);
    for (int v = 0; v < VERDICT_COUNT && at < n; v++)
        if (g->count[by_weight[v]])
            at += (size_t)snprintf(out + at, n - at, "%u %s, ", g->count[by_weight[v]], verdict_name(by_weight[v]));
    if (at < n) at += (size_t)snprintf(out + at, n - at, "%u cases in %.0f s", compared_cases(g), g->seconds);
    if (g->checked && at < n) at += (size_t)snprintf(out + at, n - at, "; %u more checked, not timed", g->checked);
    for (uint32_t i = 0; i < g->ncontrol && at < n; i++)
        at += (size_t)snprintf(out + at, n - at, "; +5 %% planted on %s: %s", g->control[i].label,
                               g->control[i].found ? "found" : "NOT FOUND");
}

/* ---- table ---- */

static void table_row(FILE *f, const struct gate *g, const struct gate_row *r)
{
    char text[1024];
    const bool colour = g->o->run->style.colour;
    const char *paint =
        gate_severe(r->verdict)                                                                            ? "\033[31m"
        : r->verdict == VERDICT_UNCHANGED || r->verdict == VERDICT_IMPROVED || r->verdict == VERDICT_FIXED ? "\033[32m"
                                                                                                           : "\033[33m";
    figures(r, text, sizeof text);
    fprintf(f, "%s%-14s%s %-10s %s %s\n", colour ? paint : "", verdict_name(r->verdict), colour ? "\033[0m" : "",
            r->label, r->id, text);
    fprintf(f, "               %s\n", r->name);
    if (gate_severe(r->verdict)) fprintf(f, "               mlxbench run '%s'\n", r->text);
}

static void print_table(FILE *f, const struct gate *g)
{
    char sentence[1024];
    each_by_weight(g, table_row, f);
    gate_sentence(g, sentence, sizeof sentence);
    fprintf(f, "\n%s\n", sentence);
    if (*g->distrust) fprintf(f, "not to be trusted: %s\n", g->distrust);
    else if (*g->note) fprintf(f, "note: %s\n", g->note);
    if (g->store) fprintf(f, "stored in %s, run %s\n", g->o->run->db, g->uuid);
}

/* ---- Markdown ---- */

static void print_cell(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '|') fputs("\\|", f);
        else fputc(*s == '\n' ? ' ' : *s, f);
    }
}

static void markdown_row(FILE *f, const struct gate *g, const struct gate_row *r)
{
    char text[1024];
    (void)g;
    figures(r, text, sizeof text);
    fprintf(f, "| %s%s%s | %s | `", gate_severe(r->verdict) ? "**" : "", verdict_name(r->verdict),
            gate_severe(r->verdict) ? "**" : "", r->label);
    print_cell(f, r->name);
    fputs("` | ", f);
    print_cell(f, text);
    fputs(" |\n", f);
}

static void print_markdown(FILE *f, const struct gate *g)
{
    char sentence[1024];
    gate_sentence(g, sentence, sizeof sentence);
    fprintf(f, "%s\n\n| verdict | device | case | change |\n|---|---|---|---|\n", sentence);
    each_by_weight(g, markdown_row, f);
    if (*g->distrust || *g->note) fprintf(f, "\n%s\n", *g->distrust ? g->distrust : g->note);
}

/* ---- JSON and CSV: a line per case, all of them; JSON has a last one with "summary" ---- */

static const struct sheet_column fields[] = {
    { "id", NULL },         { "case", NULL },    { "device_label", NULL }, { "verdict", NULL }, { "method", NULL },
    { "cause", NULL },      { "ratio", NULL },   { "ci_lo", NULL },        { "ci_hi", NULL },   { "p", NULL },
    { "q", NULL },          { "mde", NULL },     { "min_effect", NULL },   { "base_ns", NULL }, { "cand_ns", NULL },
    { "n", NULL },          { "repro", NULL },
};

static void add_fields(struct sheet *s, const struct gate_row *r)
{
    const bool compared = r->effect.ratio > 0;
    const double figure[] = { r->effect.ratio,    r->effect.lo, r->effect.hi,
                              r->effect.p_slower, r->q,         r->trial ? r->effect.mde : NAN,
                              r->min_effect,      r->base_ns,   r->cand_ns };
    sheet_text(s, r->id);
    sheet_text(s, r->name);
    sheet_text(s, r->label);
    sheet_text(s, verdict_name(r->verdict));
    sheet_text(s, r->method);
    sheet_text(s, r->cause);
    for (size_t i = 0; i < MXB_COUNT(figure); i++) sheet_number(s, compared ? figure[i] : NAN, "");
    sheet_number(s, r->n, "");
    sheet_text(s, r->text);
}

static void print_fields(FILE *f, const struct gate *g, enum sheet_format format)
{
    struct sheet s = { .column = fields, .ncolumn = MXB_COUNT(fields) };
    for (uint32_t i = 0; i < g->nrow; i++) add_fields(&s, &g->row[i]);
    if (s.failed) fputs("mlxbench: gate: out of memory\n", stderr);
    else sheet_print(&s, format, f);
    sheet_free(&s);
}

static void print_csv(FILE *f, const struct gate *g) { print_fields(f, g, SHEET_CSV); }

static void print_json(FILE *f, const struct gate *g)
{
    struct json j = { .file = f };
    print_fields(f, g, SHEET_JSON);
    json_object(&j, NULL);
    json_object(&j, "summary");
    for (int v = 0; v < VERDICT_COUNT; v++) json_uint(&j, verdict_name((enum verdict)v), g->count[v]);
    json_uint(&j, "checked", g->checked);
    json_uint(&j, "exit_code", (uint64_t)g->exit_code);
    json_string(&j, "distrust", *g->distrust ? g->distrust : NULL);
    json_string(&j, "note", *g->note ? g->note : NULL);
    json_array(&j, "controls");
    for (uint32_t i = 0; i < g->ncontrol; i++) {
        json_object(&j, NULL);
        json_string(&j, "device_label", g->control[i].label);
        json_bool(&j, "found", g->control[i].found);
        json_end(&j);
    }
    json_end(&j);
    json_string(&j, "rule", AB_RULE);
    json_uint(&j, "order_seed", g->seed);
    json_uint(&j, "processes", g->processes);
    json_double(&j, "wall_s", g->seconds);
    json_double(&j, "processes_s", g->wall_ns / 1e9);
    json_double(&j, "kernel_s", g->kernel_ns / 1e9);
    json_string(&j, "run", *g->uuid ? g->uuid : NULL);
    json_end(&j);
    json_end(&j);
    json_finish(&j, NULL);
    fputc('\n', f);
}

/* ---- JUnit and TAP ---- */

static enum ci_outcome outcome_of(enum verdict v)
{
    const bool fine = v == VERDICT_UNCHANGED || v == VERDICT_IMPROVED || v == VERDICT_FIXED;
    return gate_severe(v) ? CI_FAILURE : fine ? CI_OK : CI_SKIPPED;
}

/* Every case with a verdict; without trust in the verdicts, an error behind them. */
static void each_ci_case(const struct gate *g, void (*add)(void *, const struct ci_case *), void *to)
{
    char text[1024], reason[1100], repro[4096];
    for (uint32_t i = 0; i < g->nrow; i++) {
        const struct gate_row *r = &g->row[i];
        const char *verdict = verdict_name(r->verdict);
        if (!r->timed && r->verdict == VERDICT_UNCHANGED) continue;
        figures(r, text, sizeof text);
        snprintf(reason, sizeof reason, "%s%s%s", verdict, *text ? ": " : "", text);
        snprintf(repro, sizeof repro, "mlxbench run '%s'", r->text);
        add(to, &(struct ci_case){ .suite = "gate",
                                   .kind = g->cases.problem[r->item->problem].block->op->name,
                                   .name = r->name,
                                   .label = r->label,
                                   .outcome = outcome_of(r->verdict),
                                   .status = verdict,
                                   .reason = reason,
                                   .repro = repro });
    }
    if (g->exit_code != EXIT_GATE) return;
    gate_sentence(g, text, sizeof text);
    add(to, &(struct ci_case){ .suite = "gate",
                               .kind = "gate",
                               .name = "can be trusted",
                               .outcome = CI_ERROR,
                               .status = "not to be trusted",
                               .reason = *g->distrust ? g->distrust : text });
}

static void add_junit(void *junit, const struct ci_case *c) { junit_case(junit, c); }

static void print_junit(FILE *f, const struct gate *g)
{
    struct junit *j = junit_new();
    char sentence[1024];
    const struct ci_property property[] = { { "run", *g->uuid ? g->uuid : NULL },
                                            { "note", *g->note ? g->note : NULL } };
    const struct junit_end end = {
        .property = property, .nproperty = MXB_COUNT(property), .text = sentence, .seconds = g->seconds
    };
    if (!j) return;
    gate_sentence(g, sentence, sizeof sentence);
    each_ci_case(g, add_junit, j);
    junit_print(f, j, &end);
}

struct tap { FILE *file; uint32_t n; };

static void add_tap(void *tap, const struct ci_case *c)
{
    struct tap *t = tap;
    tap_case(t->file, &t->n, c);
}

static void print_tap(FILE *f, const struct gate *g)
{
    struct tap t = { f, 0 };
    char sentence[1024];
    gate_sentence(g, sentence, sizeof sentence);
    tap_begin(f);
    each_ci_case(g, add_tap, &t);
    fputs("# ", f);
    put_escaped(f, ESC_LINE, sentence);
    fputc('\n', f);
    tap_end(f, t.n);
}

/* ---- GitHub: workflow commands, then the table ---- */

static void print_escaped(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '%') fputs("%25", f);
        else if (*s == '\n') fputs("%0A", f);
        else if (*s == '\r') fputs("%0D", f);
        else fputc(*s, f);
    }
}

static void github_row(FILE *f, const struct gate *g, const struct gate_row *r)
{
    char text[1024];
    (void)g;
    const bool doubtful = r->verdict == VERDICT_INCONCLUSIVE || r->verdict == VERDICT_NOISY ||
                          r->verdict == VERDICT_NOT_COMPARABLE || r->verdict == VERDICT_STILL_FAILING;
    if (!gate_severe(r->verdict) && !doubtful) return;
    figures(r, text, sizeof text);
    fprintf(f, "::%s title=%s on %s::", doubtful ? "warning" : "error", verdict_name(r->verdict), r->label);
    print_escaped(f, r->name);
    fputs(": ", f);
    print_escaped(f, text);
    fputc('\n', f);
}

static void print_github(FILE *f, const struct gate *g)
{
    each_by_weight(g, github_row, f);
    if (g->exit_code == EXIT_GATE) {
        fputs("::error title=the gate cannot be trusted::", f);
        print_escaped(f, *g->distrust ? g->distrust : "cases are undecided");
        fputc('\n', f);
    }
    print_table(f, g);
}

const struct gate_reporter gate_reporters[] = {
    { "table", print_table }, { "markdown", print_markdown }, { "json", print_json },     { "csv", print_csv },
    { "junit", print_junit }, { "tap", print_tap },           { "github", print_github }, { NULL, NULL },
};
