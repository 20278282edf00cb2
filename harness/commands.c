/* The commands: run, list, devices, show, dump, doctor, version, help. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/cli.h"
#include "harness/compare.h"
#include "harness/file.h"
#include "harness/history.h"
#include "harness/kernel_code.h"
#include "harness/nearest.h"
#include "harness/ops.h"
#include "harness/provenance.h"
#include "harness/show.h"
#include "harness/transfer.h"
#include "harness/turn.h"

/* ---- run and dump ---- */

/* The first option beside those that do not change what is run; NULL = none. */
static const char *option_that_matters(const struct cli *c)
{
    for (uint32_t i = 0; i < c->argc; i++) {
        const char *a = c->argv[i];
        const bool other = strncmp(a, "--resume", 8) == 0 || strncmp(a, "--db", 4) == 0 || strncmp(a, "--format", 8) == 0;
        if (strncmp(a, "--", 2) == 0 && !other) return a;
    }
    return NULL;
}

/* --resume without a suite: the suites and options are those of the stored run. */
static int resume_as_stored(const struct cli *c)
{
    enum { MAX_WORDS = 256 };
    static struct cli stored;
    struct store *st = NULL;
    char err[MXB_ERRLEN], *word[MAX_WORDS];
    uint32_t n = 0;
    const char *extra = option_that_matters(c);
    if (extra) return cli_error(EXIT_USAGE, "run: --resume without suites takes all options from the stored run, also %s", extra);
    int rc = store_open(cli_db(c), false, &st, err, sizeof(err));
    if (rc == 0) rc = store_run_args(st, c->resume, word, MAX_WORDS, &n, err, sizeof(err));
    store_close(st);
    if (rc) rc = cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err);
    else rc = cli_parse(commands[0], (int)n, word, &stored);
    if (rc == 0) {
        stored.resume = c->resume;
        stored.db = cli_db(c);
        if (c->format) stored.format = c->format;
        rc = commands[0]->run(&stored);
    }
    for (uint32_t i = 0; i < n; i++) free(word[i]);
    return rc;
}

static int run_run(const struct cli *c)
{
    struct run_opts o;
    cli_run_opts(c, &o);
    if (c->resume && !o.db) return cli_error(EXIT_USAGE, "run: --resume needs the database, not --no-db");
    if (c->resume && c->arg.n == 0) return resume_as_stored(c);
    if (c->arg.n == 0) return cli_error(EXIT_USAGE, "run: which suite?  For example: mlxbench run suites/smoke.yaml");
    int rc = cli_sinks(c, &o.sinks);
    if (rc == 0 && o.plant && o.db) rc = cli_error(EXIT_USAGE, "run: --plant falsifies times; it needs --no-db");
    if (rc == 0 && c->turns && !turn_is_end(o.turn_fd))
        rc = cli_error(EXIT_USAGE, "run: --turns %u: file %u is not an open socket", c->turns, c->turns);
    return rc ? rc : run_suites(&o);
}

static int dump_run(const struct cli *c)
{
    struct run_opts o;
    char inline_case[4096];
    const char *path[1] = { inline_case };
    cli_run_opts(c, &o);
    if (c->arg.n != 1) return cli_error(EXIT_USAGE, "dump: give one case: an inline case or an id from a stored run");
    if (!c->out) return cli_error(EXIT_USAGE, "dump: --out DIR is missing");
    const int rc = show_resolve_case(c, inline_case, sizeof(inline_case));
    if (rc) return rc;
    o.path = path;
    o.npath = 1;
    o.db = NULL;
    o.dump = c->out;
    o.suites.check_only = true;
    return run_suites(&o);
}

/* ---- list ---- */

static int list_shaders(void)
{
    for (uint32_t i = 0; i < ops_count(); i++) {
        const struct mxb_op *op = ops_get(i);
        for (uint32_t m = 0; m < op->nimpl; m++) {
            const struct mxb_impl *im = &op->impl[m];
            if (!strstr(im->lang, "comp")) continue;
            for (uint32_t e = 0; e < op->nentry; e++)
                for (uint32_t k = 0; k < im->nkernel; k++) {
                    char path[512], defs[512];
                    if (im->entries && !strstr(im->entries, op->entry[e].name)) continue;
                    kernel_path(op, &im->kernel[k], "comp", path, sizeof(path));
                    entry_defines(&op->entry[e], defs, sizeof(defs));
                    printf("%s %s\n", path, defs);
                }
        }
    }
    return EXIT_FINE;
}

static int list_ops(bool entries)
{
    for (uint32_t i = 0; i < ops_count(); i++) {
        const struct mxb_op *op = ops_get(i);
        if (!entries) printf("%-32s %-10s %2u entries  %s\n", op->name, op->family, op->nentry, op->about);
        for (uint32_t e = 0; entries && e < op->nentry; e++)
            printf("%-64s %s\n", op->entry[e].name, op->name);
    }
    return EXIT_FINE;
}

/* First line of a suite's `about:`, for people. */
static void print_suite(const char *path)
{
    char line[512], about[400] = "", why[MXB_ERRLEN];
    int fd;
    FILE *f = file_open(path, &fd, why, sizeof(why)) == 0 ? fdopen(fd, "r") : NULL;
    while (f && fgets(line, sizeof(line), f))
        if (sscanf(line, "about: %399[^\n]", about) == 1) break;
    if (f) fclose(f);
    printf("%-36s %s\n", path, about);
}

static int list_suites(void)
{
    glob_t g;
    if (glob("suites/*.yaml", 0, NULL, &g) != 0) {
        printf("no suite in ./suites\n");
        return EXIT_FINE;
    }
    for (size_t i = 0; i < g.gl_pathc; i++) print_suite(g.gl_pathv[i]);
    globfree(&g);
    return EXIT_FINE;
}

static int list_run(const struct cli *c)
{
    static const char *const what[] = { "suites", "ops", "entries", "cases" };
    char err[MXB_ERRLEN];
    if (c->shaders) return list_shaders();
    if (c->coverage) return coverage_run(c);
    const char *w = c->arg.n ? c->arg.item[0] : "ops";
    if (strcmp(w, "suites") == 0) return list_suites();
    if (strcmp(w, "ops") == 0) return list_ops(false);
    if (strcmp(w, "entries") == 0) return list_ops(true);
    if (strcmp(w, "cases") == 0) return list_cases_run(c);
    snprintf(err, sizeof(err), "list: unknown '%.60s'", w);
    nearest_hint(err, sizeof(err), w, what, MXB_COUNT(what));
    return cli_error(EXIT_USAGE, "%s", err);
}

static int version_run(const struct cli *c)
{
    (void)c;
    printf("mlxbench %s%s%.12s%s\n", MXB_VERSION, *MXB_COMMIT ? " " : "", MXB_COMMIT, MXB_DIRTY ? " (modified)" : "");
    return EXIT_FINE;
}

static int help_run(const struct cli *c)
{
    (void)c;
    cli_help(NULL);
    return EXIT_FINE;
}

#define SELECT "backend device op entry tag filter seed shard"
static const struct command
    cmd_run = { "run", "SUITE...", "checks and times the cases of suites (or of inline cases: '{op: rms_norm}')",
                SELECT " rounds repeat check-only bench-only fail-fast shuffle plant turns db resume no-db format report quiet verbose kernel-dir"
                " timeout threads",
                "mlxbench run suites/flash_attn.yaml --backend vulkan --check-only", run_run },
    cmd_list = { "list", "[suites | ops | entries | cases SUITE...]", "lists what there is",
                 "backend op entry tag filter seed shard format shaders coverage db check-only bench-only",
                 "mlxbench list cases suites/smoke.yaml --op rms_norm", list_run },
    cmd_devices = { "devices", "", "lists every backend's devices with limits and features", "backend all format threads timeout",
                    "mlxbench devices --backend vulkan --all", devices_run },
    cmd_show = { "show", "OP | ENTRY | CASE", "describes an op, an entry point, or a stored case (id or inline)", "db", "mlxbench show rms_norm",
                 show_run },
    cmd_dump = { "dump", "CASE", "writes inputs, oracle and device outputs of a case as .npy files", "backend device out db kernel-dir seed timeout threads",
                 "mlxbench dump '{op: rms_norm, entries: [rms_norm_f32]}' --backend cpu --out /tmp/case", dump_run },
    cmd_roofline = { "roofline", "", "measures what the devices can do at most: bandwidth and multiply-adds; later runs show their share of it",
                     "backend device db no-db format timeout threads", "mlxbench roofline --device vulkan:0", roofline_run },
    cmd_compare = { "compare", "A B", "sets stored runs side by side: last, last~1, a run's uuid, a commit, or FILE.db[:RUN]\n"
                    "formats: table, markdown, json, csv, junit, tap", "db format across",
                    "mlxbench compare last~1 last --format markdown", compare_run },
    cmd_history = { "history", "CASE", "shows what a case took over time, and where that changed", "db format",
                    "mlxbench history 'rms_norm_f16 rows=512'", history_run },
    cmd_export = { "export", "[RUN...]", "writes stored runs, all without RUN, as JSON lines (nothing is lost) or CSV", "db out format",
                   "mlxbench export last --out run.jsonl", export_run },
    cmd_import = { "import", "FILE", "reads exported runs, and results of other programs, into the database: all of the file or nothing", "db",
                   "mlxbench import run.jsonl", import_run },
    cmd_merge = { "merge", "OTHER.db...", "copies the runs of other databases", "db", "mlxbench merge laptop.db --db all.db", merge_run },
    cmd_prune = { "prune", "", "deletes old results, or only their samples", "db keep samples-only dry-run", "mlxbench prune --keep 50 --samples-only",
                  prune_run },
    cmd_report = { "report", "[RUN...]", "writes an HTML page with tables, pictures and raw data of stored runs into a folder (default: the last run)",
                   "out db op entry backend filter", "mlxbench report --out report && xdg-open report/index.html", report_run },
    cmd_plot = { "plot", "KIND [OP | ENTRY | CASE]", "draws stored results: speed, errors, tiles, scaling, roofline, samples or history",
                 "out format run db op entry backend filter param template", "mlxbench plot speed rms_norm --out speed.svg", plot_run },
    cmd_doctor = { "doctor", "", "says what works on this machine and what is missing", "timeout", "mlxbench doctor", doctor_run },
    cmd_completion = { "completion", "bash | zsh | fish", "prints the completion script of a shell", "", "source <(mlxbench completion bash)",
                       completion_run },
    cmd_manual = { "manual", "", "prints the manual page", "", "mlxbench manual | man -l -", manual_run },
    cmd_version = { "version", "", "prints version and revision", "", NULL, version_run },
    cmd_help = { "help", "[COMMAND]", "explains a command", "", NULL, help_run };
const struct command *const commands[] = { &cmd_run, &cmd_list, &cmd_devices, &cmd_show, &cmd_dump, &cmd_report, &cmd_plot, &cmd_roofline, &cmd_compare,
                                           &cmd_history, &cmd_export, &cmd_import, &cmd_merge, &cmd_prune, &cmd_gate, &cmd_calibrate,
                                           &cmd_baseline, &cmd_doctor, &cmd_completion, &cmd_manual, &cmd_version,
                                           &cmd_help, NULL };
