/* What the tests of the store share: a temporary folder, a result to store, and SQL on a connection of their own. */
#ifndef STORE_FIXTURE_H
#define STORE_FIXTURE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/store.h"
#include "harness/store_schema.h"

static char folder[64], db[96], err[MXB_ERRLEN], uuid[37];

/* Every test has a folder of its own. */
static int enter_folder(void **unused)
{
    (void)unused;
    strcpy(folder, "/tmp/test_store_XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(db, sizeof db, "%s/x.db", folder);
    return 0;
}
static int leave_folder(void **unused)
{
    (void)unused;
    char command[2 * sizeof folder + 32];
    snprintf(command, sizeof command, "chmod -R u+w %s; rm -rf %s", folder, folder);
    return system(command);
}
#define in_folder(test) cmocka_unit_test_setup_teardown(test, enter_folder, leave_folder)

static const struct run_info info = {
    .version = "0.1",
    .commit = "abc123",
    .branch = "main",
    .dirty = true,
    .suite_hash = 0x5117e,
    .binary_hash = UINT64_MAX,
    .cmdline = "mlxbench run 'x y'",
    .purpose = "bench",
    .config_json = "{\"seed\":1}",
};
static const struct mxb_caps caps = {
    .name = "Some GPU",
    .driver = "drv",
    .driver_version = "1.2",
    .api = "Vulkan 1.3",
    .uuid = "00ff",
    .vendor_id = 0x10de,
    .device_id = 7,
    .kind = MXB_KIND_DISCRETE,
    .features = MXB_FEAT_SUBGROUP | MXB_FEAT_DEVICE_TIME,
    .max_wg = 1024,
    .max_wg_dim = { 1024, 1024, 64 },
    .units = 46,
    .mem_bytes = 1ull << 34,
    .tick_ns = 83.25,
    .ts_valid_bits = 48,
};

static inline struct result_row row_of(uint64_t case_id)
{
    return (struct result_row){
        .suite = "smoke",
        .op = "rms_norm",
        .entry = "rms_norm_f16",
        .dtype = "f16",
        .params_json = "{\"rows\":512}",
        .case_text = "rms_norm_f16 rows=512",
        .case_id = case_id,
        .seed = 1,
        .def_version = 1,
        .cache = 0,
        .bytes = 1048576,
        .flops = 2e6,
        .backend = "vulkan",
        .caps = &caps,
        .impl = "row",
        .tile = "WG=256",
        .status = ST_PASS,
        .reason = "",
        .err_rms = 0.25,
        .err_max = 2.5,
        .compared = 4096,
        .repro = "mlxbench run '{op: rms_norm}'",
        .setup_ns = 1e6,
        .compile_ns = 2e6,
        .first_ns = 3e6,
        .check_ns = 4e6,
        .oracle_ns = -1,
        .case_ns = 6e6,
    };
}

/* n samples of a seeded kernel of about t ns with 1 % noise. */
static inline void fill_round(struct measurement *m, char clock, uint32_t n, double t, uint64_t seed)
{
    memset(m, 0, sizeof *m);
    m->n = n;
    m->batch = 5;
    m->warmup_n = 12;
    m->clock = clock;
    m->first_ns = 7e6;
    strcpy(m->stop_reason, "interval");
    for (uint32_t i = 0; i < n; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        m->host_ns[i] = t * (1.1 + 0.02 * ((double)(seed >> 11) * 0x1p-53 - 0.5));
        m->ns[i] = clock == 'd' ? m->host_ns[i] - 0.1 * t : m->host_ns[i];
    }
    assert_int_equal(summarize(m->ns, n, &m->s), 0);
}

static inline struct store *opened(void)
{
    struct store *st;
    if (store_open(db, true, &st, err, sizeof err)) fail_msg("%s", err);
    return st;
}
static inline struct store *begun(void)
{
    struct store *st = opened();
    if (store_begin(st, &info, uuid, err, sizeof err)) fail_msg("%s", err);
    return st;
}
static inline void put(struct store *st, const struct result_row *r)
{
    if (store_result(st, r, err, sizeof err)) fail_msg("%s", err);
}
static inline void finish(struct store *st)
{
    if (store_end(st, "complete", err, sizeof err)) fail_msg("%s", err);
    store_close(st);
}

/* "3" and "1,2,3" for a program that knows three versions. */
static inline const char *schema_now(void)
{
    static char text[16];
    snprintf(text, sizeof text, "%d", schema_version);
    return text;
}
static inline const char *schema_all(void)
{
    static char text[256];
    size_t n = 0;
    for (int v = 1; v <= schema_version; v++) n += (size_t)snprintf(text + n, sizeof text - n, "%s%d", v > 1 ? "," : "", v);
    return text;
}

/* First column of the only row, on a connection of its own; NULL prints as "NULL". */
static inline const char *sql_in(const char *path, const char *sql)
{
    static char out[8][8192];
    static int turn;
    char *text = out[turn++ % 8];
    sqlite3 *c;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(path, &c), SQLITE_OK);
    if (sqlite3_prepare_v2(c, sql, -1, &s, NULL)) fail_msg("%s: %s", sql, sqlite3_errmsg(c));
    if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
        snprintf(text, sizeof out[0], "%s", (const char *)sqlite3_column_text(s, 0));
    else strcpy(text, "NULL");
    sqlite3_finalize(s);
    sqlite3_close(c);
    return text;
}
static inline const char *sql(const char *query)
{
    return sql_in(db, query);
}
#define expect_sql(query, want) assert_string_equal(sql(query), want)
static inline void sql_do(const char *path, const char *text)
{
    sqlite3 *c;
    assert_int_equal(sqlite3_open(path, &c), SQLITE_OK);
    if (sqlite3_exec(c, text, NULL, NULL, NULL)) fail_msg("%s: %s", text, sqlite3_errmsg(c));
    sqlite3_close(c);
}
#endif
