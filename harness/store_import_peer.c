/* Reads results of outside programs: one line per case with the samples of its processes (docs/results.md). */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "harness/check.h"
#include "harness/ops.h"
#include "harness/problem.h"
#include "harness/provenance.h"
#include "harness/quote.h"
#include "harness/store_import.h"
#include "harness/suite.h"

static const char *const members[] = { "backend", "entry",          "params", "cache",  "seed",   "device",
                                       "driver",  "driver_version", "impl",   "status", "reason", "rounds_ns" };

struct peer {                        /* what a line says, borrowed from it; problem: the case in our own terms */
    const char *backend, *entry, *cache, *device, *driver, *driver_version, *impl, *status, *reason;
    struct json_object *rounds;
    const struct mxb_op *op;
    char params[2048], text[4096];
    uint64_t seed, id;
    double bytes, flops;
};

static const char *text_of(struct json_object *line, const char *key, const char *missing)
{
    const char *text = import_text(line, key);
    return text ? text : missing;
}

static bool is_number(struct json_object *v)
{
    return json_object_is_type(v, json_type_int) || json_object_is_type(v, json_type_double);
}

static int check_members(const struct importer *im, struct json_object *line)
{
    json_object_object_foreach(line, key, v) {
        bool known = false;
        for (size_t i = 0; i < MXB_COUNT(members); i++) known |= strcmp(key, members[i]) == 0;
        if (!known) return import_unknown(im, key, members, MXB_COUNT(members));
        const bool other = strcmp(key, "params") == 0 || strcmp(key, "rounds_ns") == 0 || strcmp(key, "seed") == 0;
        if (!other && !json_object_is_type(v, json_type_string))
            return import_fault(im, key, "'%s' must be a text", key);
    }
    struct json_object *params = import_member(line, "params"), *seed = import_member(line, "seed"),
                       *rounds = import_member(line, "rounds_ns");
    if (params && !json_object_is_type(params, json_type_object))
        return import_fault(im, "params", "'params' must be an object");
    if (rounds && !json_object_is_type(rounds, json_type_array))
        return import_fault(im, "rounds_ns", "'rounds_ns' must be a list");
    if (seed && (!json_object_is_type(seed, json_type_int) || json_object_get_int64(seed) < 0))
        return import_fault(im, "seed", "'seed' must be a whole number");
    return 0;
}

/* The suite language checks entry and parameters and fills in the defaults: JSON is YAML. */
static int resolve(const struct importer *im, struct json_object *line, struct peer *p)
{
    struct case_list l;
    struct mxb_problem pr;
    char why[MXB_ERRLEN], q[QUOTE_LEN];
    if (!ops_find_entry(p->entry, &p->op))
        return import_fault(im, "entry", "unknown entry point %s", quote(q, p->entry, strlen(p->entry)));
    struct json_object *given = import_member(line, "params");
    const char *params = given ? json_object_to_json_string_ext(given, JSON_C_TO_STRING_PLAIN) : "{}";
    char *text = NULL;
    if (asprintf(&text, "{op: %s, entries: [%s], params: %s, seed: %llu, backends: [cpu], bench: {cache: [%s]}}",
                 p->op->name, p->entry, params, (unsigned long long)p->seed, p->cache) < 0)
        return import_sql_fault(im, SQLITE_NOMEM, "params");
    const char *const path[] = { text };
    const struct suite_opts opts = { 0 };
    int rc = suites_load(path, 1, &opts, &l, why, sizeof why);
    free(text);
    if (rc) {
        const char *tell = strstr(why, ": ");        /* without the place in the text made up here */
        return import_fault(im, "params", "%s", tell ? tell + 2 : why);
    }
    if (l.nproblem == 1 && problem_init(&pr, p->op, l.problem[0].entry, l.problem[0].params, p->seed, MXB_FILL_NORMAL,
                                        why, sizeof why) == 0) {
        params_json(p->op, l.problem[0].params, p->params, sizeof p->params);
        char all[2048];
        params_text(p->op, l.problem[0].params, all, sizeof all);
        snprintf(p->text, sizeof p->text, "%s %s seed=%llu %s %s", p->entry, all, (unsigned long long)p->seed,
                 p->backend, p->cache);
        p->id = XXH3_64bits(p->text, strlen(p->text));
        p->bytes = problem_min_bytes(&pr);
        p->flops = p->op->flops(&pr);
    } else {
        rc = import_fault(im, "params", "%s", why);
    }
    suites_free(&l);
    return rc;
}

/* One process's samples, ns. */
static int read_round(const struct importer *im, struct json_object *list, struct measurement *m)
{
    const size_t n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
    memset(m, 0, sizeof *m);
    if (n < 1 || n > MEASURE_MAX_SAMPLES)
        return import_fault(im, "rounds_ns", "'rounds_ns' must be a list of lists of 1 to %d samples in ns",
                            MEASURE_MAX_SAMPLES);
    for (size_t i = 0; i < n; i++) {
        struct json_object *v = json_object_array_get_idx(list, i);
        m->ns[i] = m->host_ns[i] = is_number(v) ? json_object_get_double(v) : NAN;
        if (!(m->ns[i] > 0) || m->ns[i] > 1e15)
            return import_fault(im, "rounds_ns", "sample %zu is not a time in ns", i + 1);
    }
    m->n = (uint32_t)n;
    m->batch = 1;
    m->clock = 'h';
    strcpy(m->stop_reason, "peer");
    return summarize(m->ns, n, &m->s) ? import_sql_fault(im, SQLITE_NOMEM, "rounds_ns") : 0;
}

/* The run of this file's outside results, made when the first one comes. */
static int peer_run(struct importer *im)
{
    struct store *st = im->st;
    struct binder b = { 0 };
    int64_t there = 0, env = 0;
    if (*im->peer.uuid) return 0;
    uint64_t hash[2];
    int rc = import_file_hash(im, hash);
    if (rc) return rc;
    const unsigned long long hi = hash[0], lo = hash[1];
    snprintf(im->peer.uuid, sizeof im->peer.uuid, "%08llx-%04llx-8%03llx-a%03llx-%012llx", hi >> 32, hi >> 16 & 0xffff,
             hi & 0xfff, lo >> 48 & 0xfff, lo & 0xffffffffffffull); /* RFC 9562, version 8 */
    rc = store_machine(st->db, &im->peer.machine_id, &env);
    if (rc == SQLITE_OK) rc = sqlite3_prepare_v2(st->db, "SELECT id FROM run WHERE uuid = ?", -1, &b.stmt, NULL);
    if (rc == SQLITE_OK) {
        bind_text(&b, im->peer.uuid);
        rc = bind_run(&b, &there);
    }
    sqlite3_finalize(b.stmt);
    if (rc) return import_sql_fault(im, rc, "run");
    if (there) {
        im->count->known++;
        return 0;
    }
    b = (struct binder){ 0 };
    b.rc = sqlite3_prepare_v2(
        st->db,
        "INSERT INTO run(uuid, started_ns, finished_ns, state, machine_id, env_id, mlxbench_version, vcs_commit,"
        " vcs_dirty, branch, binary_hash, suite_hash, cmdline, purpose, config_json, pid, pid_start, boot_id)"
        " VALUES(?1, ?2, ?2, 'complete', ?3, ?4, ?5, '', 0, '', '', '', ?6, 'peer', '{}', 0, 0, '') RETURNING id",
        -1, &b.stmt, NULL);
    bind_text(&b, im->peer.uuid);
    bind_int(&b, store_now_ns());
    bind_int(&b, im->peer.machine_id);
    bind_int(&b, env);
    bind_text(&b, MXB_VERSION);
    bind_text(&b, im->name);
    rc = bind_run(&b, &im->peer.id);
    sqlite3_finalize(b.stmt);
    im->count->runs++;
    return rc ? import_sql_fault(im, rc, "run") : 0;
}

static int add(struct importer *im, const struct peer *p, const struct measurement *round, uint32_t n,
               enum mxb_status status)
{
    struct mxb_caps caps = { .kind = MXB_KIND_OTHER };
    struct summary *s = calloc(n + 1, sizeof *s);
    struct round_summary figure = { 0, 0, 0 };
    if (!s) return import_sql_fault(im, SQLITE_NOMEM, "rounds_ns");
    for (uint32_t i = 0; i < n; i++) s[i] = round[i].s;
    combine_rounds(s, n, &figure);
    free(s);
    snprintf(caps.name, sizeof caps.name, "%s", p->device);
    snprintf(caps.driver, sizeof caps.driver, "%s", p->driver);
    snprintf(caps.driver_version, sizeof caps.driver_version, "%s", p->driver_version);
    const struct mxb_entry *entry = ops_entry(p->op, p->entry);
    const struct result_row r = { .suite = "peer",
                                  .op = p->op->name,
                                  .entry = p->entry,
                                  .dtype = mxb_dtype_name(entry->dt[0]),
                                  .params_json = p->params,
                                  .case_text = p->text,
                                  .case_id = p->id,
                                  .seed = p->seed,
                                  .def_version = p->op->def_version,
                                  .cache = strcmp(p->cache, "cold") == 0 ? CACHE_COLD : CACHE_WARM,
                                  .bytes = p->bytes,
                                  .flops = p->flops,
                                  .backend = p->backend,
                                  .caps = &caps,
                                  .impl = p->impl,
                                  .tile = "",
                                  .status = status,
                                  .reason = p->reason,
                                  .repro = "",
                                  .setup_ns = -1,
                                  .compile_ns = -1,
                                  .first_ns = -1,
                                  .check_ns = -1,
                                  .oracle_ns = -1,
                                  .case_ns = -1,
                                  .round = round,
                                  .nround = n,
                                  .median_ns = figure.median,
                                  .ci_lo_ns = figure.ci_lo,
                                  .ci_hi_ns = figure.ci_hi,
                                  .gbps = n ? p->bytes / figure.median : 0,
                                  .gflops = n ? p->flops / figure.median : 0,
                                  .limit_by = "" };
    im->st->run_id = im->peer.id;
    im->st->machine_id = im->peer.machine_id;
    const int rc = store_add_result(im->st, &r);
    im->st->run_id = 0;
    im->count->results++;
    return rc ? import_sql_fault(im, rc, "rounds_ns") : 0;
}

int import_peer(struct importer *im, struct json_object *line)
{
    struct peer p = { .backend = text_of(line, "backend", ""),
                      .entry = text_of(line, "entry", ""),
                      .cache = text_of(line, "cache", "warm"),
                      .device = text_of(line, "device", ""),
                      .driver = text_of(line, "driver", ""),
                      .driver_version = text_of(line, "driver_version", ""),
                      .impl = text_of(line, "impl", ""),
                      .status = text_of(line, "status", "PASS"),
                      .reason = text_of(line, "reason", ""),
                      .rounds = import_member(line, "rounds_ns"),
                      .seed = 1 };
    struct measurement *round = NULL;
    char q[QUOTE_LEN];
    enum mxb_status status = ST_COUNT;
    int rc = check_members(im, line);
    if (rc) return rc;
    if (import_member(line, "seed")) p.seed = (uint64_t)json_object_get_int64(import_member(line, "seed"));
    for (int i = 0; i < ST_COUNT; i++)
        if (strcmp(p.status, status_name((enum mxb_status)i)) == 0) status = (enum mxb_status)i;
    if (!p.backend[5]) return import_fault(im, "backend", "'backend' must be peer:NAME");
    if (strlen(p.backend) > 40) return import_fault(im, "backend", "'backend' is longer than 40 characters");
    if (strcmp(p.cache, "warm") != 0 && strcmp(p.cache, "cold") != 0)
        return import_fault(im, "cache", "'cache' must be warm or cold");
    if (status == ST_COUNT)
        return import_fault(im, "status", "unknown status %s", quote(q, p.status, strlen(p.status)));
    if (!*p.device) return import_fault(im, "device", "'device' is missing: the name of what it ran on");
    const size_t n = p.rounds ? json_object_array_length(p.rounds) : 0;
    if (status == ST_PASS && (n < 1 || n > 1000))
        return import_fault(im, "rounds_ns", "'rounds_ns' must be a list of 1 to 1000 rounds");
    if (status != ST_PASS && n > 0) return import_fault(im, "rounds_ns", "a case that is not PASS has no time");
    rc = resolve(im, line, &p);
    if (rc == 0) rc = peer_run(im);
    if (rc || !im->peer.id) return rc;
    if (!(round = calloc(n + 1, sizeof *round))) return import_sql_fault(im, SQLITE_NOMEM, "rounds_ns");
    for (size_t i = 0; i < n && rc == 0; i++) rc = read_round(im, json_object_array_get_idx(p.rounds, i), &round[i]);
    if (rc == 0) rc = add(im, &p, round, (uint32_t)n, status);
    free(round);
    return rc;
}
