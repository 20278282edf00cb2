/* `mlxbench export`, `import`, `merge` and `prune`: from the command line to the store (transfer.h). */
#include "harness/transfer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"
#include "harness/store_points.h"
#include "harness/store_transfer.h"

static int fail(const char *command, int rc, const char *err)
{
    return cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s: %s", command, err);
}

/* ---- export ---- */

/* Ids of the runs that the words name; none: all. */
static int choose_runs(const struct cli *c, struct store *st, int64_t **run, uint32_t *nrun, char *err, size_t errlen)
{
    *run = NULL;
    *nrun = 0;
    for (uint32_t i = 0; i < c->arg.n; i++) {
        int64_t *some = NULL;
        uint32_t n = 0;
        const int rc = store_find_runs(st, c->arg.item[i], &some, &n, err, errlen);
        if (rc) return rc;
        int64_t *p = realloc(*run, (*nrun + n) * sizeof *p);
        if (p) {
            *run = p;
            memcpy(p + *nrun, some, n * sizeof *p);
            *nrun += n;
        }
        free(some);
        if (!p) {
            snprintf(err, errlen, "out of memory");
            return MXB_ENOMEM;
        }
    }
    return 0;
}

/* Writes beside the file and renames, so that a file is whole or not there. */
static int export_to(struct store *st, const struct cli *c, const int64_t *run, uint32_t nrun, bool csv,
                     struct transfer_count *count, char *err, size_t errlen)
{
    char path[4200] = "";
    FILE *f = stdout;
    if (c->out) {
        snprintf(path, sizeof(path), "%.4000s.new-%ld", c->out, (long)getpid());
        if (!(f = fopen(path, "we"))) {
            snprintf(err, errlen, "cannot write '%.300s': %s", c->out, strerror(errno));
            return MXB_EINVAL;
        }
    }
    int rc = csv ? store_export_csv(st, run, nrun, f, count, err, errlen)
                 : store_export(st, run, nrun, f, count, err, errlen);
    if (!c->out) return rc;
    if ((fclose(f) != 0 || (rc == 0 && rename(path, c->out) != 0)) && rc == 0) {
        snprintf(err, errlen, "cannot write '%.300s': %s", c->out, strerror(errno));
        rc = MXB_EINVAL;
    }
    if (rc) unlink(path);
    return rc;
}

int export_run(const struct cli *c)
{
    static const char *const formats[] = { "json", "csv" };
    struct store *st = NULL;
    struct transfer_count count;
    int64_t *run = NULL;
    uint32_t nrun;
    char err[MXB_ERRLEN];
    int format;
    const int code = cli_choice("format", c->format, formats, MXB_COUNT(formats), &format);
    if (code) return code;
    int rc = store_open(cli_db(c), false, &st, err, sizeof(err));
    if (rc == 0) rc = choose_runs(c, st, &run, &nrun, err, sizeof(err));
    if (rc == 0) rc = export_to(st, c, run, nrun, format == 1, &count, err, sizeof(err));
    free(run);
    store_close(st);
    if (rc) return fail("export", rc, err);
    if (c->out && format == 0) printf("%u runs, %u results written to %s\n", count.runs, count.results, c->out);
    if (c->out && format == 1) printf("%u results written to %s\n", count.results, c->out);
    return EXIT_FINE;
}

/* ---- import and merge ---- */

/* A database that was made for what then could not be read is taken away again, unless another process has used it since. */
static void close_fresh(const struct cli *c, struct store *st, bool fresh, int rc)
{
    const bool remove = st && rc && fresh && store_is_empty(st);
    store_close(st);
    if (remove) unlink(cli_db(c));
}

/* All that comes out of a pipe; NULL: errno tells why. */
static FILE *copy_of(FILE *pipe)
{
    char buf[65536];
    FILE *copy = tmpfile();
    bool good = copy != NULL;
    for (size_t n; good && (n = fread(buf, 1, sizeof(buf), pipe)) > 0;) good = fwrite(buf, 1, n, copy) == n;
    if (good && !ferror(pipe) && fseeko(copy, 0, SEEK_SET) == 0) return copy;
    if (copy) fclose(copy);
    return NULL;
}

/* A pipe is read whole first: the database is locked while it imports, and a pipe may be slow. */
static FILE *open_lines(const char *name, char *err, size_t errlen)
{
    int fd;
    if (file_open(name, &fd, err, errlen)) return NULL;
    FILE *f = fdopen(fd, "r"), *whole = f;
    if (f && fseeko(f, 0, SEEK_CUR) != 0) {
        whole = copy_of(f);
        fclose(f);
    }
    if (whole) return whole;
    snprintf(err, errlen, "%s", strerror(errno));
    if (!f) close(fd);
    return NULL;
}

static bool is_fresh(const struct cli *c) { return access(cli_db(c), F_OK) != 0; }

static void tell(const struct transfer_count *n, const char *from)
{
    printf("%u runs, %u results from %s", n->runs, n->results, from);
    if (n->known) printf("; %u runs were there already", n->known);
    putchar('\n');
}

int import_run(const struct cli *c)
{
    struct store *st = NULL;
    struct transfer_count count;
    char err[MXB_ERRLEN];
    if (c->arg.n != 1) return cli_error(EXIT_USAGE, "import: give one file of JSON lines");
    const char *name = c->arg.item[0];
    FILE *f = open_lines(name, err, sizeof(err));
    if (!f) return cli_error(EXIT_USAGE, "import: cannot read '%.300s': %s", name, err);
    const bool fresh = is_fresh(c);
    int rc = store_open(cli_db(c), true, &st, err, sizeof(err));
    if (rc == 0) rc = store_import(st, f, name, &count, err, sizeof(err));
    fclose(f);
    close_fresh(c, st, fresh, rc);
    if (rc == MXB_EPARSE) return cli_error(EXIT_USAGE, "%s", err);
    if (rc) return fail("import", rc, err);
    tell(&count, name);
    return EXIT_FINE;
}

int merge_run(const struct cli *c)
{
    struct store *st = NULL;
    char err[MXB_ERRLEN];
    if (c->arg.n == 0) return cli_error(EXIT_USAGE, "merge: which database?  For example: mlxbench merge other.db");
    bool fresh = is_fresh(c);
    int rc = store_open(cli_db(c), true, &st, err, sizeof(err));
    for (uint32_t i = 0; i < c->arg.n && rc == 0; i++) {
        struct transfer_count count;
        rc = store_merge(st, c->arg.item[i], &count, err, sizeof(err));
        if (rc) break;
        fresh = false;
        tell(&count, c->arg.item[i]);
    }
    close_fresh(c, st, fresh, rc);
    return rc ? fail("merge", rc, err) : EXIT_FINE;
}

/* ---- prune ---- */

int prune_run(const struct cli *c)
{
    struct store *st = NULL;
    struct prune_count n;
    char err[MXB_ERRLEN];
    if (c->arg.n) return cli_error(EXIT_USAGE, "prune: takes no argument; --keep N says how many results stay");
    if (!c->keep)
        return cli_error(EXIT_USAGE,
                         "prune: --keep N is missing: how many results of each case, device and branch stay?");
    int rc = store_open(cli_db(c), false, &st, err, sizeof(err));
    if (rc == 0) rc = store_prune(st, c->keep, c->samples_only, c->dry_run, &n, err, sizeof(err));
    store_close(st);
    if (rc) return fail("prune", rc, err);
    const char *would = c->dry_run ? "would go" : "deleted";
    if (c->samples_only) printf("the samples of %u rounds of %u results %s", n.blobs, n.results, would);
    else printf("%u results and %u runs that held nothing else %s", n.results, n.runs, would);
    if (c->dry_run) putchar('\n');
    else printf("; %.1f -> %.1f MB\n", 1e-6 * (double)n.bytes_before, 1e-6 * (double)n.bytes_after);
    return EXIT_FINE;
}
