/* Tests of going on with an aborted run: which run, whether it may be, and what of it is finished. */
#include "store_fixture.h"

static const struct run_info asked = {
    .version = "0.1", .commit = "abc123", .branch = "main", .dirty = true, .suite_hash = 0x5117e,
    .binary_hash = UINT64_MAX, .cmdline = "mlxbench run 'x y'", .purpose = "bench",
    .config_json = "{\"args\":[\"a b.yaml\",\"--op\",\"rms'norm\"],\"options\":{\"seed\":1}}",
};

/* A run with these cases that was not ended; its uuid. */
static void aborted_run(const uint64_t *id, size_t n)
{
    struct store *st = opened();
    assert_int_equal(store_begin(st, &asked, uuid, err, sizeof err), 0);
    for (size_t i = 0; i < n; i++) {
        struct result_row r = row_of(id[i]);
        if (i == 1) r.status = ST_FAIL;
        put(st, &r);
    }
    store_close(st);
}

static struct result_key key_of(uint64_t id)
{
    return (struct result_key){ .suite = "smoke", .backend = "vulkan", .case_id = id, .def_version = 1, .caps = &caps };
}

static bool finished(struct store *st, struct result_key k, enum mxb_status want)
{
    enum mxb_status status = ST_COUNT;
    if (!store_finished(st, &k, &status)) return false;
    assert_int_equal(status, want);
    return true;
}

static void what_is_finished(void **unused)
{
    (void)unused;
    const uint64_t id[] = { 7, UINT64_MAX, 1, 7 };       /* 7 twice: a suite may hold a case twice */
    char again[37];
    aborted_run(id, MXB_COUNT(id));
    struct store *st = opened();
    assert_false(finished(st, key_of(7), ST_PASS));      /* nothing is, before it is resumed */
    if (store_resume(st, "last", &asked, again, err, sizeof err)) fail_msg("%s", err);
    assert_string_equal(again, uuid);
    expect_sql("SELECT state || ' ' || (finished_ns IS NULL) || ' ' || count(*) FROM run", "running 1 1");

    struct result_key k = key_of(7);
    struct mxb_caps other = caps;
    strcpy(other.driver_version, "1.3");
    k.def_version = 2;
    assert_false(finished(st, k, ST_PASS));
    k = key_of(7);
    k.suite = "smok";
    assert_false(finished(st, k, ST_PASS));
    k = key_of(7);
    k.backend = "opencl";
    assert_false(finished(st, k, ST_PASS));
    k = key_of(7);
    k.caps = &other;
    assert_false(finished(st, k, ST_PASS));
    k.caps = NULL;
    assert_false(finished(st, k, ST_PASS));
    assert_false(finished(st, key_of(2), ST_PASS));
    assert_true(finished(st, key_of(7), ST_PASS));
    assert_true(finished(st, key_of(7), ST_PASS));
    assert_false(finished(st, key_of(7), ST_PASS));      /* each answers once */
    assert_true(finished(st, key_of(UINT64_MAX), ST_FAIL));
    assert_true(finished(st, key_of(1), ST_PASS));

    const struct result_row r = row_of(2);
    put(st, &r);
    finish(st);
    expect_sql("SELECT state || ' ' || (SELECT count(*) FROM result) FROM run", "complete 5");
    expect_sql("SELECT max(attempt) FROM result", "1");  /* only of the case that was there twice */
}

static void which_run(void **unused)
{
    (void)unused;
    const uint64_t id = 1;
    char got[37], part[8];
    struct store *st = opened();
    assert_int_equal(store_resume(st, "last", &asked, got, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "has no run 'last'"));
    store_close(st);
    aborted_run(&id, 1);
    aborted_run(&id, 1);
    sql_do(db, "UPDATE run SET uuid = 'aaaa' || id || substr(uuid, 6)");
    st = opened();
    assert_int_equal(store_resume(st, "AAAA", &asked, got, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "several runs that begin with 'AAAA'"));
    assert_int_equal(store_resume(st, "", &asked, got, err, sizeof err), MXB_EINVAL);
    assert_int_equal(store_resume(st, "' OR 1=1 --", &asked, got, err, sizeof err), MXB_EINVAL);
    assert_int_equal(store_resume(st, "%", &asked, got, err, sizeof err), MXB_EINVAL);
    assert_int_equal(store_resume(st, "Aaaa1", &asked, got, err, sizeof err), 0);
    snprintf(part, sizeof part, "%.5s", got);
    assert_string_equal(part, "aaaa1");
    store_close(st);
    st = opened();
    assert_int_equal(store_resume(st, "last", &asked, got, err, sizeof err), 0);
    snprintf(part, sizeof part, "%.5s", got);
    assert_string_equal(part, "aaaa2");
    store_close(st);
}

static void refused(const struct run_info *with, const char *text)
{
    struct store *st = opened();
    char got[37];
    assert_int_equal(store_resume(st, "last", with, got, err, sizeof err), MXB_EINVAL);
    if (!strstr(err, text)) fail_msg("'%s' is not in '%s'", text, err);
    store_close(st);
    expect_sql("SELECT (SELECT count(*) FROM result) || ' ' || count(*) FROM run", "1 1");
}

static void what_may_not_be_resumed(void **unused)
{
    (void)unused;
    const uint64_t id = 1;
    aborted_run(&id, 1);
    struct run_info other = asked;
    other.suite_hash++;
    refused(&other, "had other suites, or they have changed since: mlxbench run 'x y'");
    other = asked;
    other.binary_hash--;
    refused(&other, "another build of mlxbench, 0.1 abc123");
    other = asked;
    other.config_json = "{\"args\":[],\"options\":{\"seed\":2}}";
    refused(&other, "had other options");
    other.config_json = NULL;
    refused(&other, "had other options");
    sql_do(db, "INSERT INTO machine(hostname, cpu, ncpu, ram_gib, board) VALUES('a', 'b', 1, 1, 'c');"
               "UPDATE run SET machine_id = (SELECT max(id) FROM machine)");
    refused(&asked, "was made on another machine");
    sql_do(db, "UPDATE run SET machine_id = (SELECT min(id) FROM machine);"
               "INSERT INTO env(os, kernel, governor, compiler, cflags) VALUES('a', 'b', 'c', 'd', 'e');"
               "UPDATE run SET env_id = (SELECT max(id) FROM env)");
    refused(&asked, "was made in another environment");
    sql_do(db, "UPDATE run SET env_id = (SELECT min(id) FROM env)");

    /* Two who resume at once: the second one finds the first at work. */
    char got[37];
    struct store *st = opened();
    other = asked;
    other.config_json = "{\"args\":[\"words count for nothing\"],\"options\":{\"seed\":1}}";
    assert_int_equal(store_resume(st, "last", &other, got, err, sizeof err), 0);
    refused(&asked, "is still running, as process");
    finish(st);
    refused(&asked, "is complete");
}

static void words_of_the_command_line(void **unused)
{
    (void)unused;
    const uint64_t id = 1;
    char *word[8];
    uint32_t n;
    aborted_run(&id, 1);
    struct store *st = opened();
    assert_int_equal(store_run_args(st, "last", word, MXB_COUNT(word), &n, err, sizeof err), 0);
    assert_int_equal(n, 3);
    assert_string_equal(word[0], "a b.yaml");
    assert_string_equal(word[2], "rms'norm");
    for (uint32_t i = 0; i < n; i++) free(word[i]);
    assert_int_equal(store_run_args(st, "last", word, 2, &n, err, sizeof err), 0);
    assert_int_equal(n, 2);
    for (uint32_t i = 0; i < n; i++) free(word[i]);
    assert_int_equal(store_run_args(st, "nosuch", word, 2, &n, err, sizeof err), MXB_EINVAL);
    store_close(st);
    sql_do(db, "UPDATE run SET config_json = '{}'");
    st = opened();
    assert_int_equal(store_run_args(st, "last", word, 2, &n, err, sizeof err), MXB_EINVAL);
    assert_non_null(strstr(err, "does not say with which suites it was made"));
    store_close(st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_folder(what_is_finished), in_folder(which_run), in_folder(what_may_not_be_resumed),
        in_folder(words_of_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
