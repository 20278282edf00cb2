/* The command line (cli.h). */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "harness/cli.h"
#include "harness/nearest.h"

enum kind { FLAG, TEXT, LIST, U64, U32, SECONDS, PERCENT, SHARD };

struct option_row { const char *name, *value, *about; enum kind kind; size_t off; };
#define AT(member) offsetof(struct cli, member)
static const struct option_row options[] = {
    { "backend", "NAME", "only this backend (cpu, opencl, vulkan); repeatable; must be available", LIST, AT(backend) },
    { "device", "SEL", "only devices matching an index, a label such as vulkan:1, or a part of the name; repeatable", LIST, AT(device) },
    { "op", "NAME", "only cases of this op; repeatable", LIST, AT(op) },
    { "entry", "NAME", "only this entry point; repeatable", LIST, AT(entry) },
    { "tag", "NAME", "only cases with this tag; repeatable", LIST, AT(tag) },
    { "filter", "TEXT", "only cases whose text (see `mlxbench list cases`) holds TEXT; a glob if it has * ? or [", TEXT, AT(filter) },
    { "seed", "N", "seed of the inputs instead of the suite's", U64, AT(seed) },
    { "shard", "I/N", "only part I of N", SHARD, AT(shard) },
    { "rounds", "N", "fresh worker processes per timed case instead of the suite's", U32, AT(rounds) },
    { "repeat", "N", "run every case N times with the same inputs; a difference in one bit is a FAIL", U32, AT(repeat) },
    { "check-only", NULL, "no timing", FLAG, AT(check_only) },
    { "bench-only", NULL, "no checking", FLAG, AT(bench_only) },
    { "fail-fast", NULL, "stop after the first problem with a case that fails", FLAG, AT(fail_fast) },
    { "db", "FILE", "results database (default $MLXBENCH_DB or results/mlxbench.db)", TEXT, AT(db) },
    { "resume", "RUN", "go on with a run that was interrupted: its uuid, the beginning of it, or last; same suites and options, "
                       "or none of them", TEXT, AT(resume) },
    { "no-db", NULL, "store nothing", FLAG, AT(no_db) },
    { "format", "NAME", "of the output; a wrong NAME lists them", TEXT, AT(format) },
    { "report", "FORMAT=FILE", "also write the results in this format into FILE; repeatable", LIST, AT(report) },
    { "quiet", NULL, "show failures and the summary only", FLAG, AT(quiet) },
    { "verbose", NULL, "show every figure of a case, and all its parameters", FLAG, AT(verbose) },
    { "kernel-dir", "DIR", "kernel sources in DIR replace the built-in ones, compiled at run time", TEXT, AT(kernel_dir) },
    { "run", "RUN", "of this run: last, last~N, the beginning of a uuid or a commit, or all; repeatable", LIST, AT(runs) },
    { "template", "FILE", "gnuplot template instead of the built-in one", TEXT, AT(template_file) },
    { "param", "NAME", "the swept parameter (default: the one that is swept most)", TEXT, AT(param) },
    { "out", "PATH", "file or folder to write to", TEXT, AT(out) },
    { "timeout", "SECONDS", "of one step of one case (default 120)", SECONDS, AT(timeout_s) },
    { "threads", "N", "of the cpu backend and the oracle (default: the affinity mask)", U32, AT(threads) },
    { "shaders", NULL, "list the GLSL sources and macros that the op tables name", FLAG, AT(shaders) },
    { "coverage", NULL, "list every entry point with the status of its latest stored results, as Markdown", FLAG, AT(coverage) },
    { "across", NULL, "compare what was measured on other machines, drivers or by other programs", FLAG, AT(across) },
    { "keep", "N", "newest results of each case, device and branch that stay", U32, AT(keep) },
    { "samples-only", NULL, "delete samples, keep all figures", FLAG, AT(samples_only) },
    { "dry-run", NULL, "only say what would happen", FLAG, AT(dry_run) },
    { "all", NULL, "show everything", FLAG, AT(all) },
    { "shuffle", NULL, "problems in random order; the seed is stored", FLAG, AT(shuffle) },
    { "plant", "PERCENT", "control of the gate: do this much more work than is timed; only with --no-db", PERCENT, AT(plant) },
    { "turns", "FD", "time in turns with the program at the other end of this socket, as `mlxbench gate` does", U32, AT(turns) },
    { "base", "PROGRAM", "the mlxbench to compare with", TEXT, AT(base) },
    { "candidate", "PROGRAM", "the mlxbench to judge (default: this one)", TEXT, AT(candidate) },
    { "force", NULL, "compare programs that are byte for byte the same", FLAG, AT(force) },
    { "no-control", NULL, "do not plant a slowdown that must be found", FLAG, AT(no_control) },
    { "strict", NULL, "undecided cases and suspects fail too (exit code 4)", FLAG, AT(strict) },
    { "screen", NULL, "the history first, then --base for the suspects alone", FLAG, AT(screen) },
    { "passes", "N", "decisions for each case (default 10)", U32, AT(passes) },
    { "planted", "N", "decisions for each case with a planted slowdown (default a fifth of --passes)", U32, AT(planted) },
    { "budget", "PERCENT", "of false alarms (default 1)", PERCENT, AT(budget) },
    { "reason", "TEXT", "why; kept", TEXT, AT(reason) },
};

const char *cli_option(size_t i, const char **value, const char **about)
{
    if (i >= MXB_COUNT(options)) return NULL;
    *value = options[i].value;
    *about = options[i].about;
    return options[i].name;
}

int cli_error(int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fputs("mlxbench: ", stderr);
    vfprintf(stderr, fmt, ap);
    fputc('\n', stderr);
    va_end(ap);
    return code;
}

bool cli_accepts(const struct command *c, const char *name)
{
    const size_t len = strlen(name);
    for (const char *p = c->options; p && (p = strstr(p, name)) != NULL; p += len)
        if ((p == c->options || p[-1] == ' ') && (p[len] == 0 || p[len] == ' ')) return true;
    return false;
}

void cli_help(const struct command *c)
{
    if (!c) {
        printf("mlxbench: benchmark and conformance harness for the compute kernels of MLX-style inference\n\n"
               "usage: mlxbench COMMAND [OPTION...] [ARGUMENT...]\n\n");
        for (int i = 0; commands[i]; i++) printf("  %-10s %.*s\n", commands[i]->name, (int)strcspn(commands[i]->about, "\n"), commands[i]->about);
        printf("\n`mlxbench help COMMAND` tells more.  Exit codes: 0 fine, 1 regression, 2 wrong result, crash or missing\n"
               "case, 3 bad input, 4 the gate cannot be trusted, 5 database, 129, 130 and 143 interrupted.\n");
        return;
    }
    printf("usage: mlxbench %s [OPTION...] %s\n\n%s\n\n", c->name, c->args, c->about);
    for (size_t i = 0; i < MXB_COUNT(options); i++) {
        const struct option_row *o = &options[i];
        char left[40];
        if (!cli_accepts(c, o->name)) continue;
        snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("  %-20s %s\n", left, o->about);
    }
    if (c->example) printf("\nexample: %s\n", c->example);
}

static int unknown_option(const struct command *c, const char *text, size_t len)
{
    const char *known[MXB_COUNT(options)];
    size_t n = 0;
    char word[64], err[MXB_ERRLEN];
    snprintf(word, sizeof(word), "%.*s", (int)len, text);
    for (size_t i = 0; i < MXB_COUNT(options); i++)
        if (cli_accepts(c, options[i].name)) known[n++] = options[i].name;
    snprintf(err, sizeof(err), "%s: unknown option '--%s'", c->name, word);
    nearest_hint(err, sizeof(err), word, known, n);
    return cli_error(EXIT_USAGE, "%s", err);
}

static bool parse_u64(const char *text, uint64_t max, uint64_t *out)
{
    char *end;
    errno = 0;
    const unsigned long long v = strtoull(text, &end, 0);
    if (*text < '0' || *text > '9' || *end || errno || v > max) return false;
    *out = v;
    return true;
}

static int set_option(const struct command *c, const struct option_row *o, const char *value, struct cli *cli)
{
    char *field = (char *)cli + o->off;
    uint64_t u = 0;
    bool ok = true;
    unsigned a, b;
    char rest;
    switch (o->kind) {
    case FLAG: *(bool *)field = true; break;
    case TEXT: *(const char **)(void *)field = value; break;
    case LIST: {
        struct word_list *l = (struct word_list *)(void *)field;
        if (l->n == CLI_MAX_LIST) return cli_error(EXIT_USAGE, "%s: more than %d --%s", c->name, CLI_MAX_LIST, o->name);
        l->item[l->n++] = value;
        break;
    }
    case U64:
        ok = parse_u64(value, UINT64_MAX, &cli->seed);
        cli->has_seed = true;
        break;
    case U32:
        if (strcmp(o->name, "passes") == 0) cli->has_passes = true;
        if (strcmp(o->name, "planted") == 0) cli->has_planted = true;
        ok = parse_u64(value, strcmp(o->name, "rounds") == 0 ? MAX_ROUNDS : strcmp(o->name, "keep") == 0 ? 1000000 : 4096, &u) &&
             (u > 0 || o->name[0] == 'p');
        *(uint32_t *)(void *)field = (uint32_t)u;
        break;
    case SECONDS: {
        char *end;
        cli->timeout_s = strtod(value, &end);
        ok = *value && !*end && isfinite(cli->timeout_s) && cli->timeout_s > 0 && cli->timeout_s < 1e6;
        break;
    }
    case PERCENT: {
        char *end;
        const double v = strtod(value, &end);
        ok = *value >= '0' && *value <= '9' && (!*end || strcmp(end, "%") == 0) && v <= 100;
        *(double *)(void *)field = v;
        break;
    }
    case SHARD:
        ok = sscanf(value, "%9u/%9u%c", &a, &b, &rest) == 2 && a >= 1 && a <= b && !strpbrk(value, "+- ");
        cli->shard = a;
        cli->nshard = b;
        break;
    }
    return ok ? 0 : cli_error(EXIT_USAGE, "%s: --%s: '%.60s' is not a valid %s", c->name, o->name, value, o->value);
}

int cli_parse(const struct command *c, int argc, char **argv, struct cli *cli)
{
    *cli = (struct cli){ .timeout_s = 120, .plant = -1, .argv = (const char *const *)argv, .argc = (uint32_t)argc };
    snprintf(cli->cmdline, sizeof(cli->cmdline), "mlxbench %s", c->name);
    for (int i = 0; i < argc; i++) {
        const size_t n = strlen(cli->cmdline);
        snprintf(cli->cmdline + n, sizeof(cli->cmdline) - n, " %s", argv[i]);
    }
    for (int i = 0; i < argc; i++) {
        const char *a = argv[i];
        if (strcmp(a, "--help") == 0 || strcmp(a, "-h") == 0) {
            cli_help(c);
            return -1;
        }
        if (a[0] != '-' || !a[1]) {
            if (cli->arg.n == CLI_MAX_LIST) return cli_error(EXIT_USAGE, "%s: more than %d arguments", c->name, CLI_MAX_LIST);
            cli->arg.item[cli->arg.n++] = a;
            continue;
        }
        if (a[1] != '-') return cli_error(EXIT_USAGE, "%s: unknown option '%.60s' (options begin with --)", c->name, a);
        const char *name = a + 2, *eq = strchr(name, '=');
        const size_t len = eq ? (size_t)(eq - name) : strlen(name);
        const struct option_row *o = NULL;
        for (size_t k = 0; k < MXB_COUNT(options); k++)
            if (strlen(options[k].name) == len && memcmp(options[k].name, name, len) == 0) o = &options[k];
        if (!o || !cli_accepts(c, o->name)) return unknown_option(c, name, len);
        const char *value = eq ? eq + 1 : NULL;
        if (o->kind == FLAG && value) return cli_error(EXIT_USAGE, "%s: --%s takes no value", c->name, o->name);
        if (o->kind != FLAG && !value) {
            if (i + 1 == argc) return cli_error(EXIT_USAGE, "%s: --%s needs a value (%s)", c->name, o->name, o->value);
            value = argv[++i];
        }
        const int rc = set_option(c, o, value, cli);
        if (rc) return rc;
    }
    if (cli->quiet && cli->verbose) return cli_error(EXIT_USAGE, "%s: --quiet and --verbose exclude each other", c->name);
    if (cli->check_only && cli->bench_only)
        return cli_error(EXIT_USAGE, "%s: --check-only and --bench-only exclude each other", c->name);
    return 0;
}

int cli_choice(const char *option, const char *value, const char *const *known, size_t n, int *out)
{
    char err[MXB_ERRLEN];
    *out = 0;
    for (size_t i = 0; i < n; i++)
        if (!value || strcmp(value, known[i]) == 0) {
            *out = (int)i;
            return 0;
        }
    snprintf(err, sizeof(err), "unknown --%s '%.40s'", option, value);
    nearest_hint(err, sizeof(err), value, known, n);
    return cli_error(EXIT_USAGE, "%s", err);
}

const char *cli_db(const struct cli *cli)
{
    const char *env = getenv("MLXBENCH_DB");
    if (cli->no_db) return NULL;
    return cli->db ? cli->db : env && *env ? env : "results/mlxbench.db";
}

void cli_suite_opts(const struct cli *c, struct suite_opts *s)
{
    *s = (struct suite_opts){ .seed = c->has_seed ? &c->seed : NULL, .backend = c->backend.item, .nbackend = c->backend.n,
                              .op = c->op.item, .nop = c->op.n, .entry = c->entry.item, .nentry = c->entry.n,
                              .tag = c->tag.item, .ntag = c->tag.n, .filter = c->filter, .check_only = c->check_only,
                              .bench_only = c->bench_only, .shard = c->shard, .nshard = c->nshard, .rounds = c->rounds };
}

static int terminal_width(void)
{
    struct winsize ws;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == 0 ? ws.ws_col : 0;
}

void cli_run_opts(const struct cli *c, struct run_opts *o)
{
    const char *validate = getenv("MXB_VALIDATE"), *inproc = getenv("MXB_INPROCESS"), *no_color = getenv("NO_COLOR");
    *o = (struct run_opts){ .path = c->arg.item, .npath = c->arg.n, .device = c->device.item, .ndevice = c->device.n,
                            .db = cli_db(c), .resume = c->resume, .args = c->argv, .nargs = c->argc,
                            .kernel_dir = c->kernel_dir, .cmdline = c->cmdline,
                            .timeout_s = c->timeout_s, .threads = c->threads, .repeat = c->repeat, .fail_fast = c->fail_fast,
                            .plant = c->plant >= 0 ? &c->plant : NULL, .shuffle = c->shuffle, .turn_fd = (int)c->turns,
                            .in_process = inproc && strcmp(inproc, "1") == 0, .validate = validate && strcmp(validate, "1") == 0,
                            .sinks = { .sink = { { .reporter = reporters[0] } }, .n = 1 },
                            .style = { .colour = isatty(STDOUT_FILENO) && !(no_color && *no_color), .width = terminal_width(),
                                       .quiet = c->quiet, .verbose = c->verbose } };
    cli_suite_opts(c, &o->suites);
}

int cli_sinks(const struct cli *c, struct report_sinks *s)
{
    char err[MXB_ERRLEN];
    *s = (struct report_sinks){ .n = 0 };
    int rc = sinks_add(s, c->format ? c->format : reporters[0]->name, false, err, sizeof(err));
    for (uint32_t i = 0; i < c->report.n && rc == 0; i++) rc = sinks_add(s, c->report.item[i], true, err, sizeof(err));
    return rc ? cli_error(EXIT_USAGE, "%s", err) : 0;
}
