/* Tests of opening the results database: what it refuses, untouched and with one clear line, and how it upgrades. */
#include "store_fixture.h"

#include <dirent.h>

#include "harness/store_internal.h"
#include "harness/store_schema.h"

/* Content of the file before the attempt, to compare with after. */
static unsigned char before[1 << 20], after[1 << 20];

static size_t slurp(unsigned char *out)
{
    FILE *f = fopen(db, "rb");
    if (!f) return 0;
    const size_t n = fread(out, 1, 1 << 20, f);
    fclose(f);
    return n;
}
static void spill(const void *data, size_t n)
{
    FILE *f = fopen(db, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}
static int files(void)
{
    int n = 0;
    DIR *d = opendir(folder);
    for (struct dirent *e; (e = readdir(d)) != NULL;) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

/* The attempt fails with this code and a one-line text that holds `why`; file and folder stay as they were. */
static void refused_path(const char *path, bool create, int code, const char *why)
{
    struct store *st = (struct store *)(uintptr_t)1;
    const size_t n = slurp(before);
    const int count = files();
    assert_int_equal(store_open(path, create, &st, err, sizeof err), code);
    assert_null(st);
    if (!strstr(err, why) || strchr(err, '\n')) fail_msg("'%s' does not say '%s' in one line", err, why);
    assert_int_equal(slurp(after), n);
    assert_memory_equal(before, after, n);
    assert_int_equal(files(), count);
}
static void refused(int code, const char *why)
{
    refused_path(db, true, code, why);
    refused_path(db, false, code, why);
}

static void missing(void **unused)
{
    (void)unused;
    char path[128];
    refused_path(db, false, MXB_ENOENT, "No such file");
    snprintf(path, sizeof path, "%s/no/such/x.db", folder);
    refused_path(path, true, MXB_ENOENT, "/no/such'");
    refused_path(path, false, MXB_ENOENT, "No such file");
    spill("", 0);
    refused_path(db, false, MXB_EINVAL, "is empty");
    snprintf(path, sizeof path, "%s/x.db/y.db", folder);
    refused_path(path, true, MXB_EINVAL, "Not a directory");
    refused_path("", true, MXB_EINVAL, "path is empty");
    store_close(opened());                           /* an empty file is as good as none */
    expect_sql("PRAGMA user_version", schema_now());
}

static void not_a_database(void **unused)
{
    (void)unused;
    refused_path(folder, true, MXB_EINVAL, "is a folder");
    refused_path("/dev/null", true, MXB_EINVAL, "not a regular file");
    spill("suite: smoke\n", 13);
    refused(MXB_EINVAL, "is not a database");
    static char text[20000];
    memset(text, 'x', sizeof text);
    spill(text, sizeof text);
    refused(MXB_EINVAL, "is not a database");
    memset(text, 0, sizeof text);
    spill(text, sizeof text);
    refused(MXB_EINVAL, "is not a database");
    char path[5000];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    refused_path(path, true, MXB_EINVAL, "longer than 4000");
}

static void somebody_elses(void **unused)
{
    (void)unused;
    sql_do(db, "CREATE TABLE result(x)");            /* no application_id */
    refused(MXB_EINVAL, "another application");
    unlink(db);
    sql_do(db, "PRAGMA journal_mode = WAL; PRAGMA application_id = 42; CREATE TABLE result(x)");
    refused(MXB_EINVAL, "another application");
}

static void newer(void **unused)
{
    (void)unused;
    finish(begun());
    sql_do(db, "PRAGMA user_version = 7");
    refused(MXB_EINVAL, "schema version 7, this mlxbench knows versions up to ");
    sql_do(db, "PRAGMA user_version = -1");          /* read as unsigned: newer, not older */
    refused(MXB_EINVAL, "schema version 4294967295");
}

/* A newer version that has only reached the write-ahead log. */
static void newer_in_the_log(void **unused)
{
    (void)unused;
    finish(begun());
    sqlite3 *other;
    assert_int_equal(sqlite3_open(db, &other), SQLITE_OK);
    sqlite3_exec(other, "PRAGMA user_version = 9", NULL, NULL, NULL);
    struct store *st;
    assert_int_equal(store_open(db, true, &st, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "schema version 9,"));
    sqlite3_close(other);
    expect_sql("PRAGMA user_version", "9");
}

static void corrupt(void **unused)
{
    (void)unused;
    struct store *st = begun();
    for (uint64_t i = 0; i < 300; i++) {
        struct result_row r = row_of(i);
        put(st, &r);
    }
    finish(st);
    static unsigned char whole[1 << 20];
    const size_t n = slurp(whole);
    assert_true(n > 20 * 8192);

    memset(before, 0, sizeof before);
    memcpy(before, whole, n);
    memset(before + 8192 * 12, 0xa5, 8192);          /* one page of rubbish in the middle */
    spill(before, n);
    refused(MXB_EINVAL, "it is corrupt");
    spill(whole, n - 3 * 8192);                      /* cut short */
    refused(MXB_EINVAL, "it is corrupt");
    memcpy(before, whole, n);
    memset(before + 100, 0xff, 4000);                /* the table of tables */
    spill(before, n);
    refused(MXB_EINVAL, "it is corrupt");
    spill(whole, 8192);                              /* only the first page */
    refused(MXB_EINVAL, "it is corrupt");
    memcpy(before, whole, n);
    before[16] = 0x13;                               /* a page size that is none */
    spill(before, n);
    refused(MXB_EINVAL, "it is corrupt");

    spill(whole, n);
    store_close(opened());
    expect_sql("SELECT count(*) FROM result", "300");
}

static void read_only(void **unused)
{
    (void)unused;
    finish(begun());
    assert_int_equal(chmod(db, 0444), 0);
    refused(MXB_EINVAL, "x.db' is read-only");
    chmod(db, 0644);
    assert_int_equal(chmod(folder, 0555), 0);
    refused(MXB_EINVAL, "' is read-only");
    assert_non_null(strstr(err, "folder '/tmp/test_store_"));
    chmod(folder, 0755);
    unlink(db);
    chmod(folder, 0555);
    refused_path(db, true, MXB_EINVAL, "' is read-only");
    chmod(folder, 0755);
    assert_int_equal(access(db, F_OK), -1);
}

static void default_path(void **unused)
{
    (void)unused;
    char home[4096];
    struct store *st;
    assert_non_null(getcwd(home, sizeof home));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(store_open(STORE_DEFAULT_PATH, false, &st, err, sizeof err), MXB_ENOENT);
    assert_int_equal(access("results", F_OK), -1);   /* looking makes no folder */
    assert_int_equal(store_open(STORE_DEFAULT_PATH, true, &st, err, sizeof err), 0);
    store_close(st);
    assert_int_equal(access(STORE_DEFAULT_PATH, F_OK), 0);
    assert_int_equal(store_open("other/mlxbench.db", true, &st, err, sizeof err), MXB_ENOENT);
    assert_non_null(strstr(err, "folder 'other'"));
    assert_int_equal(store_open(":memory:", true, &st, err, sizeof err), 0);
    store_close(st);
    assert_int_equal(access("./:memory:", F_OK), 0); /* a file with an odd name, not a database that vanishes */
    assert_int_equal(chdir(home), 0);
}

/* ---- upgrades ---- */

static const char *backup(void)
{
    static char path[400];
    DIR *d = opendir(folder);
    path[0] = '\0';
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strstr(e->d_name, ".bak")) snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    closedir(d);
    return path;
}

/* A file that says it is ours, of a version from before the first. */
static void upgrade_from_nothing(void **unused)
{
    (void)unused;
    sql_do(db, "PRAGMA application_id = 0x4D4C5842; CREATE TABLE old(x); INSERT INTO old VALUES('kept')");
    finish(begun());
    expect_sql("PRAGMA user_version", schema_now());
    expect_sql("SELECT x FROM old", "kept");
    expect_sql("SELECT count(*) FROM run", "1");
    assert_non_null(strstr(backup(), "x.db.v0-"));
    assert_string_equal(sql_in(backup(), "SELECT x FROM old"), "kept");
    assert_string_equal(sql_in(backup(), "SELECT count(*) FROM sqlite_schema"), "1");
}

static void upgrade_that_fails(void **unused)
{
    (void)unused;
    sql_do(db, "PRAGMA application_id = 0x4D4C5842; CREATE TABLE round(x); INSERT INTO round VALUES('kept')");
    struct store *st;
    slurp(before);
    assert_int_equal(store_open(db, true, &st, err, sizeof err), MXB_EDB);
    assert_non_null(strstr(err, "table round already exists"));
    assert_non_null(strstr(err, "cannot upgrade from version 0 to "));
    const size_t n = slurp(after);
    assert_memory_equal(before, after, n);
    expect_sql("SELECT x FROM round", "kept");
}

/* Two further steps, the second of them bad: the database stays at the version in between. */
static void upgrade_by_steps(void **unused)
{
    (void)unused;
    struct store *st = begun();
    struct result_row r = row_of(1);
    put(st, &r);
    finish(st);
    const char *step[16];
    const int now = schema_version;
    char text[128], all[64];
    for (int v = 0; v < now; v++) step[v] = schema_step[v];
    step[now] = "ALTER TABLE result ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'";
    step[now + 1] = "CREATE TABLE later(x); CREATE TABLE result(x)";
    sqlite3 *c;
    assert_int_equal(sqlite3_open(db, &c), SQLITE_OK);
    assert_int_equal(schema_upgrade(c, db, step, now, err, sizeof err), 0);
    assert_string_equal(backup(), "");               /* nothing to do, nothing to back up */
    assert_int_equal(schema_upgrade(c, db, step, now + 2, err, sizeof err), MXB_EDB);
    snprintf(text, sizeof text, "cannot upgrade from version %d to %d: table result already exists", now, now + 2);
    assert_non_null(strstr(err, text));
    assert_true(sqlite3_get_autocommit(c));          /* no transaction was left open */
    sqlite3_close(c);
    snprintf(text, sizeof text, "%d", now + 1);
    expect_sql("PRAGMA user_version", text);
    expect_sql("SELECT colour FROM result", "red");
    expect_sql("SELECT count(*) FROM sqlite_schema WHERE name = 'later'", "0");
    snprintf(all, sizeof all, "%s,%d", schema_all(), now + 1);
    expect_sql("SELECT group_concat(version) FROM migration", all);
    assert_string_equal(sql_in(backup(), "PRAGMA user_version"), schema_now());
    assert_string_equal(sql_in(backup(), "PRAGMA application_id"), "1296848962");
    assert_string_equal(sql_in(backup(), "SELECT count(*) FROM result"), "1");
    snprintf(text, sizeof text, "schema version %d, this mlxbench knows versions up to %d", now + 1, now);
    refused(MXB_EINVAL, text);
}

/* Every version before this one, with a result in it, opens and is read as before. */
static void upgrade_from_each(void **unused)
{
    (void)unused;
    for (int v = 1; v < schema_version; v++) {
        sqlite3 *c;
        unlink(db);
        assert_int_equal(sqlite3_open(db, &c), SQLITE_OK);
        assert_int_equal(schema_upgrade(c, db, schema_step, v, err, sizeof err), 0);
        sqlite3_close(c);
        sql_do(db, "INSERT INTO machine VALUES(1, 'host', 'cpu', 2, 8, 'b');"
                   "INSERT INTO env VALUES(1, 'os', 'k', '', 'gcc', '-O2');"
                   "INSERT INTO device VALUES(1, 1, 'cpu', 'cpu', 'threads', '1', 'x', '', 0, 0, 2, 0, '{}');");
        sql_do(db, "INSERT INTO run(uuid, started_ns, state, machine_id, env_id, mlxbench_version, vcs_commit, vcs_dirty,"
                   " branch, binary_hash, suite_hash, cmdline, purpose, config_json, pid, pid_start, boot_id)"
                   " VALUES('u-1', 1, 'complete', 1, 1, '0.1', 'abc', 0, 'main', '', '', '', 'bench', '{}', 1, 1, '');"
                   "INSERT INTO bench_case(hash, def_version, case_text, op, entry, dtype, params_json, seed, cache, bytes,"
                   " flops) VALUES('0123456789abcdef', 1, 't', 'o', 'e', 'f32', '{}', 1, 'warm', 1, 1);"
                   "INSERT INTO result(run_id, case_id, device_id, suite, attempt, finished_ns, impl, tile, status, reason,"
                   " repro, compared, nround, noise, median_ns) VALUES(1, 1, 1, 's', 0, 5, 'i', '', 'PASS', '', 'again', 1,"
                   " 0, 0, 123.5)");
        store_close(opened());
        expect_sql("PRAGMA user_version", schema_now());
        expect_sql("SELECT run || case_hash || status || repro || median_ns FROM v_result", "u-10123456789abcdefPASSagain123.5");
        expect_sql("PRAGMA integrity_check", "ok");
        expect_sql("SELECT count(*) FROM pragma_foreign_key_check", "0");
    }
}

/* tests/golden/store/v1.db was written by the program of that version: 4 cases of rms_norm on the cpu, 2 rounds each.
 */
static void upgrade_a_real_one(void **unused)
{
    (void)unused;
    char command[400];
    snprintf(command, sizeof command, "gzip -dc tests/golden/store/v1.db.gz > %s", db);
    assert_int_equal(system(command), 0);
    expect_sql("PRAGMA user_version", "1");
    char was[8192];
    static const char content[] =
        "SELECT group_concat(result_id || status || median_ns || hostname || device || case_hash) FROM v_result";
    snprintf(was, sizeof was, "%s", sql(content));
    assert_true(strlen(was) > 100);

    struct store *st = begun();                      /* upgrades, then a run as ever */
    struct result_row r = row_of(1);
    static struct measurement m[2];
    fill_round(&m[0], 'd', 30, 1000, 1);
    fill_round(&m[1], 'd', 30, 1000, 2);
    m[1].canary_ns[0] = 4e5;
    m[1].canary_ns[1] = 5e5;
    r.round = m;
    r.nround = 2;
    put(st, &r);
    finish(st);
    expect_sql("PRAGMA user_version", schema_now());
    expect_sql("PRAGMA integrity_check", "ok");
    expect_sql("SELECT count(*) FROM pragma_foreign_key_check", "0");
    expect_sql("SELECT count(*) FROM result", "5");
    expect_sql("SELECT group_concat(ifnull(canary_ns, '-')) FROM round WHERE result_id = 5", "-,500000.0");
    expect_sql("SELECT count(*) FROM round WHERE canary_ns IS NULL", "9");
    expect_sql("SELECT count(*) FROM verdict", "0");
    sql_do(db, "DELETE FROM result WHERE id = 5");
    assert_string_equal(sql(content), was);
    assert_non_null(strstr(backup(), "x.db.v1-"));
    assert_string_equal(sql_in(backup(), "SELECT count(*) FROM result"), "4");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(missing),
        in_folder(not_a_database),
        in_folder(somebody_elses),
        in_folder(newer),
        in_folder(newer_in_the_log),
        in_folder(corrupt),
        in_folder(read_only),
        in_folder(default_path),
        in_folder(upgrade_from_nothing),
        in_folder(upgrade_that_fails),
        in_folder(upgrade_by_steps),
        in_folder(upgrade_from_each),
        in_folder(upgrade_a_real_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
