/* The database's tables, and how an older database becomes a current one. */
#include "harness/store_schema.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/store_internal.h"

/* Comments inside the statements are kept by SQLite: `.schema` shows them.
 *
 * `result` has one row per finished case and device with all that most questions need; `round` has the statistics of
 * each fresh process behind a timed result; `sample_blob` has the samples behind a round and may be deleted to save
 * space.  v_result joins the names in. */
static const char version_1[] =
    "CREATE TABLE migration(\n"
    "  version INTEGER PRIMARY KEY,\n"
    "  applied_ns INTEGER NOT NULL\n"             /* all *_ns of moments: since 1970-01-01 UTC */
    ") STRICT;"

    "CREATE TABLE machine(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  hostname TEXT NOT NULL, cpu TEXT NOT NULL, ncpu INTEGER NOT NULL, ram_gib INTEGER NOT NULL,\n"
    "  board TEXT NOT NULL,\n"
    "  -- another amount of memory is another machine\n"
    "  UNIQUE(hostname, cpu, ncpu, ram_gib, board)\n"
    ") STRICT;"

    "CREATE TABLE env(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  os TEXT NOT NULL, kernel TEXT NOT NULL, governor TEXT NOT NULL, compiler TEXT NOT NULL, cflags TEXT NOT NULL,\n"
    "  -- '' = not readable; runs of different environments are not comparable\n"
    "  UNIQUE(os, kernel, governor, compiler, cflags)\n"
    ") STRICT;"

    "CREATE TABLE device(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  machine_id INTEGER NOT NULL REFERENCES machine,\n"
    "  backend TEXT NOT NULL,\n"
    "  name TEXT NOT NULL, -- '' = the backend had no device: its cases are SKIP\n"
    "  driver TEXT NOT NULL, driver_version TEXT NOT NULL, api TEXT NOT NULL, uuid TEXT NOT NULL,\n"
    "  vendor_id INTEGER NOT NULL, product_id INTEGER NOT NULL, units INTEGER NOT NULL,\n"
    "  features INTEGER NOT NULL, -- MXB_FEAT_ bits\n"
    "  caps_json TEXT NOT NULL CHECK(json_valid(caps_json)), -- limits, as first seen\n"
    "  -- another driver version, or fewer threads, is another device\n"
    "  UNIQUE(machine_id, backend, name, driver, driver_version, api, uuid, vendor_id, product_id, units, features)\n"
    ") STRICT;"

    "CREATE TABLE run(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  uuid TEXT NOT NULL UNIQUE,\n"
    "  started_ns INTEGER NOT NULL,\n"
    "  finished_ns INTEGER, -- NULL: running, or ended without a word\n"
    "  state TEXT NOT NULL CHECK(state IN ('running', 'complete', 'aborted')),\n"
    "  machine_id INTEGER NOT NULL REFERENCES machine,\n"
    "  env_id INTEGER NOT NULL REFERENCES env,\n"
    "  mlxbench_version TEXT NOT NULL, vcs_commit TEXT NOT NULL, vcs_dirty INTEGER NOT NULL, branch TEXT NOT NULL,\n"
    "  binary_hash TEXT NOT NULL, suite_hash TEXT NOT NULL,\n"
    "  cmdline TEXT NOT NULL, purpose TEXT NOT NULL,\n"
    "  config_json TEXT NOT NULL CHECK(json_valid(config_json)),\n"
    "  pid INTEGER NOT NULL, pid_start INTEGER NOT NULL, boot_id TEXT NOT NULL -- of the process: is it still alive?\n"
    ") STRICT;"

    "CREATE TABLE bench_case(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  hash TEXT NOT NULL CHECK(length(hash) = 16), -- hex; the case's stable id on every machine\n"
    "  def_version INTEGER NOT NULL, -- of the op: a new meaning is a new case\n"
    "  case_text TEXT NOT NULL, op TEXT NOT NULL, entry TEXT NOT NULL, dtype TEXT NOT NULL,\n"
    "  params_json TEXT NOT NULL CHECK(json_valid(params_json)),\n"
    "  seed INTEGER NOT NULL, -- unsigned: two's complement\n"
    "  cache TEXT NOT NULL CHECK(cache IN ('warm', 'cold')),\n"
    "  bytes REAL NOT NULL, flops REAL NOT NULL,\n"
    "  UNIQUE(hash, def_version)\n"
    ") STRICT;"

    "CREATE TABLE result(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
    "  case_id INTEGER NOT NULL REFERENCES bench_case,\n"
    "  device_id INTEGER NOT NULL REFERENCES device,\n"
    "  suite TEXT NOT NULL,\n"
    "  attempt INTEGER NOT NULL, -- 0, and up when the same run does the same case again\n"
    "  finished_ns INTEGER NOT NULL,\n"
    "  impl TEXT NOT NULL, tile TEXT NOT NULL, -- '' = never planned\n"
    "  status TEXT NOT NULL CHECK(status IN\n"
    "    ('PASS', 'FAIL', 'SKIP', 'UNIMPLEMENTED', 'MISTRUSTED', 'ERROR', 'CRASHED', 'TIMEOUT')),\n"
    "  reason TEXT NOT NULL, repro TEXT NOT NULL,\n"
    "  err_rms REAL, err_max REAL, -- in sigma; NULL = nothing compared, or not a number\n"
    "  compared INTEGER NOT NULL, -- elements\n"
    "  setup_ns REAL, compile_ns REAL, first_ns REAL, check_ns REAL, oracle_ns REAL, -- host; NULL = unknown\n"
    "  case_ns REAL,\n"
    "  nround INTEGER NOT NULL,\n"
    "  noise INTEGER NOT NULL, -- NOISE_ bits of all rounds: 1 not steady, 2 drift, 4 autocorrelated, 8 outliers,\n"
    "                          -- 16 coarse clock, 32 clock mismatch, 64 bimodal\n"
    "  median_ns REAL, ci_lo_ns REAL, ci_hi_ns REAL, gbps REAL, gflops REAL, -- over the rounds; NULL = no figure\n"
    "  UNIQUE(run_id, case_id, device_id, suite, attempt)\n"
    ") STRICT;"
    "CREATE INDEX result_history ON result(case_id, device_id, run_id);"

    "CREATE TABLE round(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  result_id INTEGER NOT NULL REFERENCES result ON DELETE CASCADE,\n"
    "  round INTEGER NOT NULL, -- 0, 1, ...: one fresh process each\n"
    "  clock TEXT NOT NULL CHECK(clock IN ('device', 'host')), -- all times below, ns per repetition\n"
    "  n INTEGER NOT NULL, batch INTEGER NOT NULL, warmup_n INTEGER NOT NULL, noise INTEGER NOT NULL,\n"
    "  stop_reason TEXT NOT NULL,\n"
    "  first_ns REAL NOT NULL, -- host time of the first repetition, 0 = unknown\n"
    "  min_ns REAL NOT NULL, q1_ns REAL NOT NULL, median_ns REAL NOT NULL, q3_ns REAL NOT NULL, p99_ns REAL NOT NULL,\n"
    "  max_ns REAL NOT NULL, mean_ns REAL NOT NULL, sd_ns REAL NOT NULL, mad_ns REAL NOT NULL,\n"
    "  ci_lo_ns REAL NOT NULL, ci_hi_ns REAL NOT NULL, rho1 REAL NOT NULL, neff REAL NOT NULL,\n"
    "  drift_pct REAL NOT NULL,\n"
    "  host_median_ns REAL NOT NULL,\n"
    "  UNIQUE(result_id, round)\n"
    ") STRICT;"

    "CREATE TABLE sample_blob(\n"
    "  round_id INTEGER NOT NULL REFERENCES round ON DELETE CASCADE,\n"
    "  clock TEXT NOT NULL CHECK(clock IN ('device', 'host')),\n"
    "  codec INTEGER NOT NULL CHECK(codec = 1), -- 1: delta, zigzag, varint of 1/16 ns\n"
    "  n INTEGER NOT NULL, crc32 INTEGER NOT NULL, data BLOB NOT NULL,\n"
    "  PRIMARY KEY(round_id, clock)\n"
    ") STRICT;"

    "CREATE VIEW v_result AS SELECT\n"
    "  r.id AS result_id, u.uuid AS run, u.state AS run_state, u.vcs_commit, u.branch, m.hostname,\n"
    "  c.hash AS case_hash, c.op, c.entry, c.dtype, c.params_json, c.seed, c.cache,\n"
    "  d.backend, d.name AS device, r.impl, r.tile, r.suite, r.attempt, r.status, r.reason, r.repro,\n"
    "  r.err_rms, r.err_max, r.compared, r.nround, r.noise, r.median_ns, r.ci_lo_ns, r.ci_hi_ns, r.gbps, r.gflops,\n"
    "  r.finished_ns, strftime('%Y-%m-%dT%H:%M:%SZ', r.finished_ns / 1000000000, 'unixepoch') AS finished\n"
    "  FROM result r JOIN run u ON u.id = r.run_id JOIN machine m ON m.id = u.machine_id\n"
    "  JOIN bench_case c ON c.id = r.case_id JOIN device d ON d.id = r.device_id;";

/* What a device can do, and how near each result comes.  A case's usual repro line, the same in every run, is kept once:
 * an empty one in `result` means that one. */
static const char version_2[] =
    "CREATE TABLE roofline(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  device_id INTEGER NOT NULL REFERENCES device,\n"
    "  measured_ns INTEGER NOT NULL, -- when; the latest one counts\n"
    "  mlxbench_version TEXT NOT NULL,\n"
    "  memory_gbps REAL, -- bandwidth beyond the caches; NULL = no buffers that large\n"
    "  cache_gbps REAL NOT NULL, -- the best bandwidth of any size\n"
    "  f32_gflops REAL NOT NULL,\n"
    "  f16_gflops REAL, -- NULL = the device does not compute in f16\n"
    "  UNIQUE(device_id, measured_ns)\n"
    ") STRICT;"

    "ALTER TABLE result ADD COLUMN limit_ns REAL;" /* time at the device's limit; NULL = not timed or not known */
    "ALTER TABLE result ADD COLUMN limit_by TEXT NOT NULL DEFAULT ''"
    "  CHECK(limit_by IN ('', 'memory', 'cache', 'arithmetic'));"
    "ALTER TABLE bench_case ADD COLUMN repro TEXT NOT NULL DEFAULT '';"

    /* Found by its key alone: a tree of its own for the key took as much as a tenth of the samples. */
    "ALTER TABLE sample_blob RENAME TO sample_blob_1;"
    "CREATE TABLE sample_blob(\n"
    "  round_id INTEGER NOT NULL REFERENCES round ON DELETE CASCADE,\n"
    "  clock TEXT NOT NULL CHECK(clock IN ('device', 'host')),\n"
    "  codec INTEGER NOT NULL CHECK(codec = 1), -- 1: delta, zigzag, varint of multiples of 1/16 ns, samples.c\n"
    "  n INTEGER NOT NULL, crc32 INTEGER NOT NULL, data BLOB NOT NULL,\n"
    "  PRIMARY KEY(round_id, clock)\n"
    ") STRICT, WITHOUT ROWID;"
    "INSERT INTO sample_blob SELECT * FROM sample_blob_1 ORDER BY round_id, clock;"
    "DROP TABLE sample_blob_1;"

    "DROP VIEW v_result;"
    "CREATE VIEW v_result AS SELECT\n"
    "  r.id AS result_id, u.uuid AS run, u.state AS run_state, u.vcs_commit, u.branch, m.hostname,\n"
    "  c.hash AS case_hash, c.op, c.entry, c.dtype, c.params_json, c.seed, c.cache,\n"
    "  d.backend, d.name AS device, r.impl, r.tile, r.suite, r.attempt, r.status, r.reason,\n"
    "  CASE WHEN r.repro = '' THEN c.repro ELSE r.repro END AS repro,\n"
    "  r.err_rms, r.err_max, r.compared, r.nround, r.noise, r.median_ns, r.ci_lo_ns, r.ci_hi_ns, r.gbps, r.gflops,\n"
    "  r.limit_by, 100 * r.limit_ns / r.median_ns AS limit_pct, -- 105 and more is impossible: the figure is wrong\n"
    "  ifnull(r.limit_ns > 1.05 * r.median_ns, 0) AS impossible,\n"
    "  r.finished_ns, strftime('%Y-%m-%dT%H:%M:%SZ', r.finished_ns / 1000000000, 'unixepoch') AS finished\n"
    "  FROM result r JOIN run u ON u.id = r.run_id JOIN machine m ON m.id = u.machine_id\n"
    "  JOIN bench_case c ON c.id = r.case_id JOIN device d ON d.id = r.device_id;";

/* The gate: verdicts on cases, the pairs of processes behind them, how well the gate was found to work, and accepted
 * changes of speed. */
static const char version_3[] =
    "ALTER TABLE round ADD COLUMN canary_ns REAL;"   /* fixed kernel around the round, the slower side; NULL = none */

    "CREATE TABLE verdict(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, -- purpose 'gate' or 'calibrate'\n"
    "  case_id INTEGER NOT NULL REFERENCES bench_case,\n"
    "  device_id INTEGER NOT NULL REFERENCES device,\n"
    "  method TEXT NOT NULL CHECK(method IN ('check', 'ab', 'aa', 'control', 'screen')),\n"
    "  pass INTEGER NOT NULL, -- aa, control: 0, 1, ...\n"
    "  status TEXT NOT NULL, -- 'regressed', 'improved', 'unchanged', 'inconclusive', 'noisy', 'new', 'missing', ...\n"
    "  cause TEXT NOT NULL,\n"
    "  ratio REAL, ci_lo REAL, ci_hi REAL, -- candidate time / base time; NULL = not compared, or unbounded\n"
    "  p REAL, q REAL, mde REAL, min_effect REAL,\n"
    "  base_ns REAL, cand_ns REAL, -- medians over the pairs\n"
    "  n INTEGER NOT NULL, -- pairs of processes; screen: earlier runs\n"
    "  UNIQUE(run_id, case_id, device_id, method, pass)\n"
    ") STRICT;"

    "CREATE TABLE pair(\n"
    "  verdict_id INTEGER NOT NULL REFERENCES verdict ON DELETE CASCADE,\n"
    "  pair INTEGER NOT NULL, base_ns REAL NOT NULL, cand_ns REAL NOT NULL, candidate_first INTEGER NOT NULL,\n"
    "  PRIMARY KEY(verdict_id, pair)\n"
    ") STRICT, WITHOUT ROWID;"

    "CREATE TABLE calibration(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
    "  device_id INTEGER NOT NULL REFERENCES device,\n"
    "  created_ns INTEGER NOT NULL,\n"
    "  rule TEXT NOT NULL,\n"
    "  decisions INTEGER NOT NULL, alarms INTEGER NOT NULL, -- the same program in both arms\n"
    "  plant REAL NOT NULL, planted INTEGER NOT NULL, found INTEGER NOT NULL -- slowdowns by that share\n"
    ") STRICT;"
    "CREATE INDEX calibration_device ON calibration(device_id, created_ns);"

    "CREATE TABLE baseline(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  machine_id INTEGER NOT NULL REFERENCES machine,\n"
    "  case_id INTEGER REFERENCES bench_case, -- NULL = every case\n"
    "  from_ns INTEGER NOT NULL, -- results before do not count as history\n"
    "  reason TEXT NOT NULL\n"
    ") STRICT;";

/* What the pairs of suites came to: ratios of times within one run. */
#define HEADLINE_ARM(x)                                                                                               \
    "  " x " TEXT NOT NULL, " x "_cases TEXT NOT NULL, -- what was timed; the ids of these cases, with ' + ' between\n"  \
    "  " x "_kernels INTEGER NOT NULL, -- cases whose times are added up\n"                                            \
    "  " x "_ns REAL, " x "_ci_lo_ns REAL, " x "_ci_hi_ns REAL, " x "_bytes REAL,\n"                                     \
    "  " x "_err_rms REAL, " x "_err_max REAL, " x "_nrmse REAL, " x "_notes TEXT NOT NULL,\n"
static const char version_4[] =
    "CREATE TABLE headline(\n"
    "  id INTEGER PRIMARY KEY,\n"
    "  run_id INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
    "  device_id INTEGER NOT NULL REFERENCES device,\n"
    "  suite TEXT NOT NULL, name TEXT NOT NULL,\n"
    "  variant INTEGER NOT NULL, -- 0, 1, ...: combination of the pair's parameters\n"
    "  attempt INTEGER NOT NULL, -- 0, and up when the same run times the same pair again\n"
    "  claim TEXT NOT NULL, -- what the source says\n"
    "  ratio REAL, ratio_lo REAL, ratio_hi REAL, -- time of b / time of a, 95 % interval; NULL = none\n"
    "  rounds INTEGER NOT NULL, reason TEXT NOT NULL, -- why there is no ratio\n"
    HEADLINE_ARM("a") HEADLINE_ARM("b")
    "  UNIQUE(run_id, device_id, suite, name, variant, attempt)\n"
    ") STRICT;";

const char *const schema_step[] = { version_1, version_2, version_3, version_4 };
const int schema_version = sizeof schema_step / sizeof schema_step[0];

long long schema_number(sqlite3 *db, const char *sql, long long missing)
{
    sqlite3_stmt *s = NULL;
    long long v = missing;
    const int rc = sqlite3_prepare_v2(db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) v = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return v;
}

static int back_up(sqlite3 *db, const char *path, int version)
{
    char when[32], copy[4200];
    const time_t now = time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &utc);
    snprintf(copy, sizeof copy, "%s.v%d-%s-%ld.bak", path, version, when, (long)getpid());

    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &s, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_text(s, 1, copy, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(s);
    sqlite3_finalize(s);
    return rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static const char log_step[] =
    "INSERT INTO migration SELECT user_version, unixepoch() * 1000000000 FROM pragma_user_version";

/* One step in one transaction; nothing if another process was faster. */
static int apply(sqlite3 *db, const char *sql, int version)
{
    char mark[96];
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc) return rc;
    if (schema_number(db, "PRAGMA user_version", -1) != version) return sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    /* PRAGMAs take no bound parameters. */
    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d", STORE_APPLICATION_ID,
             version + 1);
    rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, mark, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, log_step, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    return rc;
}

int schema_upgrade(sqlite3 *db, const char *path, const char *const *step, int nstep, char *err, size_t errlen)
{
    /* In this order: what another process makes in between needs no copy. */
    const bool filled = schema_number(db, "SELECT count(*) FROM sqlite_schema", 0) > 0;
    const int first = (int)schema_number(db, "PRAGMA user_version", -1);
    if (first == nstep) return 0;
    int rc = first < 0 ? sqlite3_errcode(db) : SQLITE_OK;
    if (rc == SQLITE_OK && filled) rc = back_up(db, path, first);
    for (int v = first; v < nstep && rc == SQLITE_OK; v++) rc = apply(db, step[v], v);
    if (rc) {
        char what[64];
        snprintf(what, sizeof what, "cannot upgrade from version %d to %d", first, nstep);
        const int failed = store_fail(db, path, rc, what, err, errlen);
        if (!sqlite3_get_autocommit(db)) sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return failed;
    }
    /* The version must be in the file itself, where an older program looks for it before it opens anything. */
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return 0;
}
