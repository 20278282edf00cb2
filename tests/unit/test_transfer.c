/* Tests of export, import, merge and prune: nothing is lost on the way, nothing comes twice, and a bad file changes
 * nothing. */
#include "store_fixture.h"

#include "harness/store_transfer.h"

static char other[128], file[128];

static void paths(void)
{
    snprintf(other, sizeof other, "%s/other.db", folder);
    snprintf(file, sizeof file, "%s/x.jsonl", folder);
}

static struct store *open_at(const char *path)
{
    struct store *st;
    if (store_open(path, true, &st, err, sizeof err)) fail_msg("%s", err);
    return st;
}

/* Two runs with timed, failed, skipped and unplanned results, samples on both clocks, values at the edges of their
 * types. */
static void fill_db(void)
{
    static struct measurement round[2];
    fill_round(&round[0], 'd', 200, 50e3, 1);
    fill_round(&round[1], 'h', 31, 52e3 / 3, 2);
    for (int u = 0; u < 2; u++) {
        struct store *st = begun();
        struct result_row r = row_of(1);
        r.seed = UINT64_MAX - (uint64_t)u;
        r.round = round, r.nround = 2;
        r.median_ns = 51e3 + 1.0 / 3, r.ci_lo_ns = 50e3, r.ci_hi_ns = 52e3, r.gbps = 20.5, r.gflops = 0.1;
        r.limit_ns = 12345.678, r.limit_by = "arithmetic";
        put(st, &r);
        put(st, &r);                                 /* a further attempt */
        r = row_of(2);
        r.status = ST_FAIL;
        r.err_max = INFINITY;
        r.reason = "\xce\xa9 \"quoted\"\n\ttab";
        put(st, &r);
        r = row_of(3);
        r.status = ST_SKIP;
        r.caps = NULL;
        r.compared = 0;
        put(st, &r);
        finish(st);
    }
}

static struct transfer_count count;

static void export_to(const char *database, const char *path)
{
    struct store *st = open_at(database);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    if (store_export(st, NULL, 0, f, &count, err, sizeof err)) fail_msg("%s", err);
    fclose(f);
    store_close(st);
}

static int import_into(const char *database, const char *path)
{
    struct store *st = open_at(database);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    const int rc = store_import(st, f, "x.jsonl", &count, err, sizeof err);
    fclose(f);
    store_close(st);
    return rc;
}

/* Everything but the rows' own numbers, as one text per table. */
static const char *const contents[] = {
    "SELECT group_concat(quote(json_array(hostname, cpu, ncpu, ram_gib, board))) FROM machine",
    "SELECT group_concat(quote(json_array(backend, name, driver, driver_version, features, caps_json))) FROM (SELECT * "
    "FROM device ORDER BY name)",
    "SELECT group_concat(quote(uuid) || started_ns || finished_ns || state || vcs_commit || vcs_dirty || cmdline || "
    "config_json || pid) FROM"
    " (SELECT * FROM run ORDER BY uuid)",
    "SELECT group_concat(hash || def_version || case_text || seed || cache || quote(bytes) || repro) FROM (SELECT * "
    "FROM bench_case ORDER BY hash)",
    "SELECT group_concat(v.run || v.case_hash || v.attempt || v.status || quote(v.reason) || quote(v.err_max) || "
    "quote(v.median_ns) ||"
    " quote(v.limit_pct) || v.limit_by || v.finished_ns) FROM (SELECT * FROM v_result ORDER BY run, case_hash, "
    "attempt) v",
    "SELECT group_concat(quote(q.median_ns) || quote(q.rho1) || q.n || q.clock || quote(q.host_median_ns) || b.clock "
    "|| b.n || b.crc32 || hex(b.data))"
    " FROM round q JOIN sample_blob b ON b.round_id = q.id",
};

static void expect_same(const char *a, const char *b)
{
    for (size_t i = 0; i < MXB_COUNT(contents); i++) {
        char want[8192];
        snprintf(want, sizeof want, "%s", sql_in(a, contents[i]));
        assert_string_not_equal(want, "NULL");
        assert_string_equal(sql_in(b, contents[i]), want);
    }
    assert_string_equal(sql_in(b, "PRAGMA integrity_check"), "ok");
    assert_string_equal(sql_in(b, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
}

static void round_trip(void **unused)
{
    (void)unused;
    paths();
    fill_db();
    export_to(db, file);
    assert_true(count.runs == 2 && count.results == 8);
    struct store *st = open_at(other);
    assert_true(store_is_empty(st));
    assert_int_equal(import_into(other, file), 0);
    assert_true(count.runs == 2 && count.results == 8 && count.known == 0);
    assert_false(store_is_empty(st));                /* also what another connection has put there since */
    store_close(st);
    expect_same(db, other);
    assert_int_equal(import_into(other, file), 0);
    assert_true(count.runs == 0 && count.results == 0 && count.known == 2);
    expect_same(db, other);
}

static void damaged_samples(void **unused)
{
    (void)unused;
    paths();
    fill_db();
    sql_do(db, "UPDATE sample_blob SET crc32 = crc32 + 1 WHERE round_id = 1");
    struct store *st = open_at(db);
    FILE *f = fopen(file, "w");
    assert_int_equal(store_export(st, NULL, 0, f, &count, err, sizeof err), MXB_EDB);
    assert_non_null(strstr(err, "samples of a round are damaged"));
    fclose(f);
    f = fopen("/dev/full", "w");
    sql_do(db, "UPDATE sample_blob SET crc32 = crc32 - 1 WHERE round_id = 1");
    assert_int_equal(store_export(st, NULL, 0, f, &count, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "cannot write"));
    fclose(f);
    store_close(st);
}

/* ---- bad files ---- */

static void write_file(const char *text)
{
    FILE *f = fopen(file, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void reject(const char *text, const char *message)
{
    write_file(text);
    if (import_into(db, file) != MXB_EPARSE) fail_msg("accepted: %s", text);
    if (!strstr(err, message) || strchr(err, '\n')) fail_msg("'%s' is not said by '%s'", message, err);
    expect_sql("SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM machine) + (SELECT count(*) FROM device)",
               "0");
}

#define RUN                                                                                                            \
    "{\"run\":{\"uuid\":\"u1\",\"started_ns\":1,\"state\":\"complete\",\"mlxbench_version\":\"1\",\"vcs_commit\":"     \
    "\"c\",\"vcs_dirty\":0,"                                                                                           \
    "\"branch\":\"\",\"binary_hash\":\"\",\"suite_hash\":\"\",\"cmdline\":\"\",\"purpose\":\"bench\",\"config_json\":" \
    "\"{}\",\"pid\":1,"                                                                                                \
    "\"pid_start\":1,\"boot_id\":\"\"},\"machine\":{\"hostname\":\"h\",\"cpu\":\"c\",\"ncpu\":1,\"ram_gib\":1,"        \
    "\"board\":\"\"},"                                                                                                 \
    "\"env\":{\"os\":\"\",\"kernel\":\"\",\"governor\":\"\",\"compiler\":\"\",\"cflags\":\"\"}}\n"
#define CASE_AND_DEVICE \
    "\"case\":{\"hash\":\"0123456789abcdef\",\"def_version\":1,\"case_text\":\"\"," \
    "\"op\":\"\",\"entry\":\"\",\"dtype\":\"\",\"params_json\":\"{}\"," \
    "\"seed\":1,\"cache\":\"warm\",\"bytes\":1,\"flops\":1}," \
    "\"device\":{\"backend\":\"\",\"name\":\"\",\"driver\":\"\",\"driver_version\":\"\"," \
    "\"api\":\"\",\"uuid\":\"\",\"vendor_id\":0,\"product_id\":0,\"units\":0,\"features\":0,\"caps_json\":\"{}\"}"
#define PEER(rest)                                                                                                     \
    "{\"backend\":\"peer:torch\",\"device\":\"GPU\",\"entry\":\"rms_norm_f16\",\"params\":{\"rows\":4,\"dim\":64}"     \
    "," rest "}\n"

static void bad_files(void **unused)
{
    (void)unused;
    paths();
    store_close(open_at(db));
    reject("", "x.jsonl:1:1: the file is empty");
    reject("{\"run\": nope}", "x.jsonl:1:10: no JSON");
    reject("{\"a\":1} x\n", "x.jsonl:1:9: no JSON");
    reject("\n\n{\"run\":\n", "x.jsonl:3:9: no JSON: the line ends too early");
    reject("[1]\n", "x.jsonl:1:1: a line must be a JSON object");
    reject("null\n", "x.jsonl:1:1: a line must be a JSON object");
    reject("{\"mlxbench\":\"results\",\"version\":3}\n", "x.jsonl:1:23: this mlxbench reads versions 1 to 2");
    reject("{\"mlxbench\":\"results\",\"version\":0}\n", "x.jsonl:1:23: this mlxbench reads versions 1 to 2");
    reject("{\"ran\":{}}\n", "x.jsonl:1:2: unknown member 'ran', did you mean 'run'?");
    reject("{}\n", "x.jsonl:1:1: neither a run, nor a result");
    reject("{\"run\":{\"uuid\":\"\"}}\n", "x.jsonl:1:9: a run needs a uuid");
    reject("{\"run\":{\"uuid\":\"u\"}}\n", "'machine' must be an object");
    reject(RUN RUN, "x.jsonl:2:9: run 'u1' comes twice");
    reject(RUN "{\"result\":{},\"run\":\"u2\"}\n", "x.jsonl:2:14: a result's 'run' must be the uuid of a run");
    reject(RUN "{\"result\":{},\"run\":\"u1\"}\n", "x.jsonl:2:1: 'bench_case' must be an object");
    reject(RUN "{\"run\":\"u1\",\"result\":{},\"case\":{\"hush\":1},\"device\":{}}\n",
           "x.jsonl:2:33: unknown member 'hush' of 'bench_case', did you mean 'hash'?");
    reject(RUN "{\"run\":\"u1\",\"result\":{},\"case\":{\"hash\":[1]},\"device\":{}}\n",
           "x.jsonl:2:33: 'hash' must be a plain value");
    reject(RUN "{\"run\":\"u1\",\"result\":{},\"case\":{\"hash\":\"1\"},\"device\":{}}\n",
           "x.jsonl:2:1: bench_case: NOT NULL constraint failed");
    reject(RUN "{\"run\":\"u1\",\"result\":{\"suite\":\"s\",\"attempt\":0,\"finished_ns\":3,\"impl\":\"\","
               "\"tile\":\"\",\"status\":\"GOOD\",\"reason\":\"\",\"repro\":\"\",\"compared\":0,\"nround\":0,\"noise\":0},"
               CASE_AND_DEVICE "}\n",
           "x.jsonl:2:13: result: CHECK constraint failed: status IN ('PASS', 'FAIL', 'SKIP'");
    reject(PEER("\"rounds_ns\":[[1,2]],\"colour\":1"), "unknown member 'colour'");
    reject(PEER("\"rounds_ns\":[[1,2]],\"imp\":\"\""), "unknown member 'imp', did you mean 'impl'?");
    reject(PEER("\"rounds_ns\":[[1,2]],\"a\\nb\":1"), "unknown member 'a\\x0ab'");
    reject(PEER("\"rounds_ns\":[[1,\"2\"]]"), "sample 2 is not a time in ns");
    reject(PEER("\"rounds_ns\":[[1,-2]]"), "sample 2 is not a time in ns");
    reject(PEER("\"rounds_ns\":[]"), "'rounds_ns' must be a list of 1 to 1000 rounds");
    reject(PEER("\"rounds_ns\":[1]"), "'rounds_ns' must be a list of lists");
    reject(PEER("\"rounds_ns\":[[1]],\"status\":\"GOOD\""), "unknown status 'GOOD'");
    reject(PEER("\"rounds_ns\":[[1]],\"status\":\"FAIL\""), "a case that is not PASS has no time");
    reject(PEER("\"rounds_ns\":[[1]],\"cache\":\"hot\""), "'cache' must be warm or cold");
    reject(PEER("\"rounds_ns\":[[1]],\"impl\":1"), "'impl' must be a text");
    reject(PEER("\"rounds_ns\":[[1]],\"seed\":-1"), "'seed' must be a whole number");
    reject("{\"backend\":\"peer:\",\"entry\":\"rms_norm_f16\"}\n", "'backend' must be peer:NAME");
    reject("{\"backend\":\"peer:x\",\"device\":\"d\",\"entry\":\"rms_norm\",\"rounds_ns\":[[1]]}\n",
           "unknown entry point 'rms_norm'");
    reject("{\"backend\":\"peer:x\",\"entry\":\"rms_norm_f16\",\"rounds_ns\":[[1]]}\n", "'device' is missing");
    reject("{\"backend\":\"peer:x\",\"device\":\"d\",\"entry\":\"rms_norm_f16\",\"params\":{\"row\":1},\"rounds_ns\":[["
           "1]]}\n",
           "did you mean 'rows'?");
    reject("{\"backend\":\"peer:x\",\"device\":\"d\",\"entry\":\"rms_norm_f16\",\"params\":{\"rows\":0},\"rounds_ns\":["
           "[1]]}\n",
           "'rows' must be in 1");
    reject(PEER("\"rounds_ns\":[[1,2]]") "{\n", "x.jsonl:2:");      /* the good line before it is not kept either */
}

/* A cut of an exported file at any byte is refused as a whole, or ends after a whole line. */
static void cut_files(void **unused)
{
    (void)unused;
    paths();
    fill_db();
    export_to(db, file);
    FILE *f = fopen(file, "r");
    static char all[1 << 17];
    const size_t n = fread(all, 1, sizeof all - 1, f);
    fclose(f);
    for (size_t k = 1; k < n; k += 1 + n / 40) {
        unlink(other);
        const char keep = all[k];
        all[k] = 0;
        write_file(all);
        const int rc = import_into(other, file);
        all[k] = keep;
        if (rc == 0) assert_true(all[k - 1] == '\n' || all[k] == '\n');
        else assert_string_equal(sql_in(other, "SELECT count(*) FROM run"), "0");
    }
}

/* ---- outside programs ---- */

static void peers(void **unused)
{
    (void)unused;
    paths();
    write_file(
        PEER("\"rounds_ns\":[[1000,1010,990.5],[1020,1000,1030]],\"impl\":\"compiled\"") "{\"backend\":\"peer:torch\","
                                                                                         "\"device\":\"GPU\",\"entry\":"
                                                                                         "\"rms_norm_f32\",\"status\":"
                                                                                         "\"SKIP\",\"reason\":\"no "
                                                                                         "kernel\"}\n");
    if (import_into(db, file)) fail_msg("%s", err);
    assert_true(count.runs == 1 && count.results == 2);
    expect_sql(
        "SELECT backend || device || entry || impl || median_ns || '/' || nround FROM v_result WHERE status = 'PASS'",
        "peer:torchGPUrms_norm_f16compiled1010.0/2");
    /* Every parameter, as a result of ours has them, so that both are the same problem. */
    expect_sql("SELECT params_json FROM v_result WHERE status = 'PASS'",
               "{\"rows\":4,\"dim\":64,\"eps\":9.99999997e-07}");
    expect_sql("SELECT case_text FROM bench_case WHERE entry = 'rms_norm_f16'",
               "rms_norm_f16 rows=4 dim=64 eps=9.99999997e-07 seed=1 peer:torch warm");
    expect_sql("SELECT gbps > 0 FROM v_result WHERE status = 'PASS'", "1");
    expect_sql("SELECT reason || ifnull(median_ns, '-') FROM v_result WHERE status = 'SKIP'", "no kernel-");
    expect_sql("SELECT purpose || state FROM run", "peercomplete");
    expect_sql("SELECT count(*) FROM sample_blob", "2");
    assert_int_equal(import_into(db, file), 0);
    assert_true(count.runs == 0 && count.results == 0 && count.known == 1);
    expect_sql("SELECT count(*) FROM result", "2");
}

/* ---- merge ---- */

static int merge(const char *into, const char *from)
{
    struct store *st = open_at(into);
    const int rc = store_merge(st, from, &count, err, sizeof err);
    store_close(st);
    return rc;
}

static void merge_twice(void **unused)
{
    (void)unused;
    paths();
    fill_db();
    if (merge(other, db)) fail_msg("%s", err);
    assert_true(count.runs == 2 && count.results == 8 && count.known == 0);
    expect_same(db, other);
    assert_int_equal(merge(other, db), 0);
    assert_true(count.runs == 0 && count.results == 0 && count.known == 2);
    expect_same(db, other);
}

/* Both have runs of their own and one in common that went on in the other; ids overlap. */
static void merge_grown(void **unused)
{
    (void)unused;
    paths();
    fill_db();
    assert_int_equal(merge(other, db), 0);
    sql_do(other, "PRAGMA foreign_keys = ON; UPDATE run SET state = 'aborted' WHERE id = 2; DELETE FROM result WHERE "
                  "run_id = 2 AND attempt = 1");
    fill_db();                                       /* two further runs */
    assert_int_equal(merge(other, db), 0);
    assert_true(count.runs == 2 && count.results == 9 && count.known == 2);
    expect_sql("SELECT count(*) FROM run", "4");
    assert_string_equal(sql_in(other, "SELECT group_concat(DISTINCT state) FROM run"), "complete");
    assert_string_equal(sql_in(other, "SELECT count(*) FROM result"), sql("SELECT count(*) FROM result"));
    assert_string_equal(sql_in(other, "SELECT count(*) || sum(n) FROM sample_blob"),
                        sql("SELECT count(*) || sum(n) FROM sample_blob"));
    assert_string_equal(sql_in(other, "SELECT count(*) FROM pragma_foreign_key_check"), "0");
    assert_string_equal(sql_in(other, "SELECT count(*) || '/' || (SELECT count(*) FROM device) FROM bench_case"),
                        "3/2");
}

static void merge_refuses(void **unused)
{
    (void)unused;
    paths();
    fill_db();
    assert_int_equal(merge(other, "/no/such.db"), MXB_ENOENT);
    store_close(open_at(other));
    sql_do(other, "PRAGMA user_version = 99");
    assert_int_equal(merge(db, other), MXB_EINVAL);
    assert_non_null(strstr(err, "schema version 99"));
    expect_sql("SELECT count(*) FROM run", "2");
    struct store *st = begun();                      /* a run that is still going on stays where it is */
    struct result_row r = row_of(9);
    put(st, &r);
    char third[160];
    snprintf(third, sizeof third, "%s/third.db", folder);
    assert_int_equal(merge(third, db), 0);
    assert_true(count.runs == 2 && count.results == 8);
    finish(st);
    assert_int_equal(merge(third, db), 0);
    assert_true(count.runs == 1 && count.results == 1);
    char command[256];
    snprintf(command, sizeof command, "! ls %s | grep -q merge-", folder);
    assert_int_equal(system(command), 0);            /* no copy is left behind */
}

/* ---- prune ---- */

static struct prune_count pruned;

static void prune(uint32_t keep, bool samples_only, bool dry)
{
    struct store *st = open_at(db);
    if (store_prune(st, keep, samples_only, dry, &pruned, err, sizeof err)) fail_msg("%s", err);
    store_close(st);
}

static void prune_old(void **unused)
{
    (void)unused;
    static struct measurement round;
    fill_round(&round, 'h', 50, 1e5, 1);
    for (int u = 0; u < 6; u++) {
        struct run_info i = info;
        struct store *st = opened();
        i.branch = u == 0 ? "side" : "main";
        if (store_begin(st, &i, uuid, err, sizeof err)) fail_msg("%s", err);
        for (uint64_t c = 1; c <= 2; c++) {
            if (c == 2 && u > 2) continue;           /* case 2 stopped being run */
            struct result_row r = row_of(c);
            r.round = &round, r.nround = 1;
            r.median_ns = 1e5, r.ci_lo_ns = 9e4, r.ci_hi_ns = 1.1e5;
            put(st, &r);
        }
        struct result_row failed = row_of(3);
        failed.status = ST_FAIL;
        put(st, &failed);
        finish(st);
    }
    expect_sql("SELECT count(*) FROM result", "15");
    prune(2, false, true);
    assert_true(pruned.results == 4 && pruned.runs == 1);
    expect_sql("SELECT count(*) FROM result", "15");
    prune(2, true, false);                           /* main: case 1 has five, case 2 two; side: one each */
    assert_int_equal(pruned.blobs, 3);
    expect_sql("SELECT count(*) || '/' || (SELECT count(*) FROM sample_blob) FROM result", "15/6");
    prune(2, false, false);
    assert_true(pruned.results == 4 && pruned.runs == 1 && pruned.blobs == 0);
    expect_sql("SELECT group_concat(id) FROM (SELECT id FROM run ORDER BY id)",
               "1,2,3,5,6"); /* runs 2 and 3 still hold case 2 */
    expect_sql("SELECT group_concat(n) FROM (SELECT count(*) AS n FROM result WHERE median_ns > 0 GROUP BY case_id)",
               "3,3");
    expect_sql("SELECT count(*) FROM result WHERE status = 'FAIL'", "5");
    expect_sql("SELECT count(*) FROM round", "6");
    expect_sql("PRAGMA integrity_check", "ok");
    prune(2, false, false);
    assert_true(pruned.results == 0 && pruned.runs == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { in_folder(round_trip),  in_folder(damaged_samples), in_folder(bad_files),
                                        in_folder(cut_files),   in_folder(peers),           in_folder(merge_twice),
                                        in_folder(merge_grown), in_folder(merge_refuses),   in_folder(prune_old) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
