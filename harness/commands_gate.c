/* The commands of the regression gate: gate, calibrate, baseline. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/cli.h"
#include "harness/gate.h"
#include "harness/nearest.h"

/* The file of the running program: it starts itself as the candidate. */
static const char *own_program(void)
{
    static char path[4096];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    return path;
}

static int unknown_format(const char *command, const char *format, const char *const *known, size_t n)
{
    char err[MXB_ERRLEN];
    size_t at = (size_t)snprintf(err, sizeof err, "%s: unknown --format '%.40s', known:", command, format);
    for (size_t i = 0; i < n; i++) at += (size_t)snprintf(err + at, sizeof err - at, "%s %s", i ? "," : "", known[i]);
    nearest_hint(err, sizeof err, format, known, n);
    return cli_error(EXIT_USAGE, "%s", err);
}

static int gate_opts(const struct cli *c, const char *command, struct run_opts *run, struct gate_opts *o)
{
    cli_run_opts(c, run);
    *o = (struct gate_opts){ .run = run,
                             .base = c->base,
                             .candidate = c->candidate ? c->candidate : own_program(),
                             .format = c->format ? c->format : "table",
                             .screen = c->screen || !c->base,
                             .force = c->force,
                             .no_control = c->no_control,
                             .strict = c->strict,
                             .all = c->all,
                             .budget = c->budget > 0 ? c->budget / 100 : 0.01 };
    if (c->arg.n == 0)
        return cli_error(EXIT_USAGE, "%s: which suite?  For example: mlxbench %s suites/smoke.yaml", command, command);
    return 0;
}

static int gate_command(const struct cli *c)
{
    const char *known[8];
    struct run_opts run;
    struct gate_opts o;
    size_t n = 0;
    const int rc = gate_opts(c, "gate", &run, &o);
    if (rc) return rc;
    if (!c->format && getenv("GITHUB_ACTIONS")) o.format = "github";
    bool found = false;
    for (; gate_reporters[n].name; n++) {
        known[n] = gate_reporters[n].name;
        found |= strcmp(known[n], o.format) == 0;
    }
    return found ? gate_run(&o) : unknown_format("gate", o.format, known, n);
}

static int calibrate_command(const struct cli *c)
{
    static const char *const known[] = { "table", "json" };
    const uint32_t passes = c->has_passes ? c->passes : 10, planted = c->has_planted ? c->planted : (passes + 4) / 5;
    struct run_opts run;
    struct gate_opts o;
    const int rc = gate_opts(c, "calibrate", &run, &o);
    if (rc) return rc;
    if (strcmp(o.format, "table") != 0 && strcmp(o.format, "json") != 0)
        return unknown_format("calibrate", o.format, known, 2);
    o.base = o.candidate;
    run.plant = NULL;
    return calibrate_run(&o, passes, planted, c->plant >= 0 ? c->plant / 100 : 0.05);
}

/* ---- baseline ---- */

static void print_baseline(void *ctx, const struct baseline_row *b)
{
    ++*(uint32_t *)ctx;
    printf("%s  %-10.10s  %s\n", b->when, *b->case_id ? b->case_id : "all cases", b->reason);
    if (*b->case_text) printf("%34s%s\n", "", b->case_text);
}

static int accept_case(struct store *st, const char *id, const char *reason)
{
    char err[MXB_ERRLEN];
    uint32_t n;
    if (*id && (strlen(id) > 16 || strspn(id, "0123456789abcdef") != strlen(id)))
        return cli_error(
            EXIT_USAGE, "baseline: '%.60s' is not a case id: up to 16 hex digits, as `mlxbench list cases` prints them",
            id);
    if (store_accept(st, id, reason, &n, err, sizeof err)) return cli_error(EXIT_DB, "%s", err);
    if (n == 0) return cli_error(EXIT_USAGE, "baseline: no stored case has an id that begins with '%s'", id);
    printf("%s: the history begins anew\n", *id ? id : "all cases");
    return EXIT_FINE;
}

static int baseline_change(const struct cli *c, struct store *st, bool all)
{
    int code = EXIT_FINE;
    if (!c->reason || !*c->reason)
        return cli_error(EXIT_USAGE, "baseline: --reason TEXT is missing: it is what people read later");
    if (all) return accept_case(st, "", c->reason);
    if (c->arg.n < 2)
        return cli_error(EXIT_USAGE, "baseline accept: which cases?  Give ids, as `mlxbench list cases` prints them");
    for (uint32_t i = 1; i < c->arg.n && code == EXIT_FINE; i++) code = accept_case(st, c->arg.item[i], c->reason);
    return code;
}

static int baseline_command(const struct cli *c)
{
    static const char *const known[] = { "set", "accept", "list" };
    const char *what = c->arg.n ? c->arg.item[0] : "list", *path = cli_db(c);
    char err[MXB_ERRLEN];
    struct store *st;
    uint32_t n = 0;
    int code = EXIT_FINE;
    if (strcmp(what, "set") != 0 && strcmp(what, "accept") != 0 && strcmp(what, "list") != 0) {
        snprintf(err, sizeof err, "baseline: unknown '%.40s'", what);
        nearest_hint(err, sizeof err, what, known, MXB_COUNT(known));
        return cli_error(EXIT_USAGE, "%s", err);
    }
    const int rc = store_open(path, false, &st, err, sizeof err);
    if (rc) return cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err);
    if (strcmp(what, "list") != 0) code = baseline_change(c, st, strcmp(what, "set") == 0);
    else if (store_baselines(st, print_baseline, &n, err, sizeof err)) code = cli_error(EXIT_DB, "%s", err);
    else if (n == 0) printf("none: the whole history counts\n");
    store_close(st);
    return code;
}

#define SELECT "backend device op entry tag filter seed shard"
const struct command
    cmd_gate = { "gate",
                 "SUITE...",
                 "says whether a kernel became wrong or slower, docs/gate.md\n"
                 "with --base by interleaved A/B of both programs, else by the history of this machine\n"
                 "formats: table, markdown, json, csv, junit, tap, github (the default where GITHUB_ACTIONS is set)",
                 SELECT " base candidate screen kernel-dir force no-control strict all budget format rounds db no-db "
                        "timeout threads",
                 "mlxbench gate suites/gate.yaml --base ../main/mlxbench",
                 gate_command },
    cmd_calibrate = { "calibrate",
                      "SUITE...",
                      "measures the gate itself: false alarms on equal programs, and planted slowdowns that it must "
                      "find",
                      SELECT " candidate passes planted plant budget kernel-dir format db no-db timeout threads",
                      "mlxbench calibrate suites/gate.yaml --passes 30",
                      calibrate_command },
    cmd_baseline = { "baseline",
                     "[list | accept CASE-ID... | set]",
                     "accepts a changed speed: the history of the cases (set: of all) begins anew",
                     "reason db",
                     "mlxbench baseline accept 3f2a91b0c4 --reason 'exact exp'",
                     baseline_command };
