/* Fills a database through the store's own functions with RUNS runs of CASES timed results, 200 samples each, and reads
 * it back as `history` and the screen of the gate do.  Usage: store_scale FILE RUNS CASES SYNC (0 or 1);
 * scripts/store_scale.sh */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "harness/history.h"
#include "harness/store_gate.h"

enum { ROUNDS = 2, SAMPLES = 100 };              /* 200 samples per result */
static char err[MXB_ERRLEN];

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t next(uint64_t *state) { return *state = *state * 6364136223846793005u + 1442695040888963407u; }
static double uniform(uint64_t *state) { return (double)(next(state) >> 11) * 0x1p-53; }

/* A kernel of about t ns: 0.5 % between rounds, 0.5 % between samples, and one sample in 64 far off. */
static void make_round(struct measurement *m, double t, uint64_t *state)
{
    memset(m, 0, sizeof *m);
    m->n = SAMPLES;
    m->batch = (uint32_t)ceil(1e6 / t);
    m->warmup_n = 20;
    m->clock = 'h';
    m->first_ns = 1.5 * t;
    strcpy(m->stop_reason, "interval");
    const double level = t * (1 + 0.01 * (uniform(state) - 0.5));
    for (uint32_t i = 0; i < m->n; i++) {
        const double noise = uniform(state) + uniform(state) - 1;
        const double one = level * (1 + 0.01 * noise + (next(state) >> 40 & 63 ? 0 : 0.3));
        m->ns[i] = m->host_ns[i] = floor(m->batch * one) / m->batch;      /* the clock counts whole nanoseconds */
    }
    if (summarize(m->ns, m->n, &m->s)) exit(1);
}

static const struct mxb_caps caps = { .name = "AMD EPYC", .driver = "threads", .driver_version = "gcc 12.2.0",
                                      .api = "x86-64 AVX-512", .units = 8, .kind = MXB_KIND_CPU };
static uint64_t case_id(uint32_t c) { return 0x9e3779b97f4a7c15u * (c + 1); }

static void add_result(struct store *st, uint32_t c, uint64_t *state)
{
    static struct measurement round[ROUNDS];
    struct summary s[ROUNDS];
    struct round_summary figure;
    char params[200], text[300], repro[400];
    const double t = 20e3 * pow(1.01, c);            /* 20 us to 3 ms */
    for (int i = 0; i < ROUNDS; i++) {
        make_round(&round[i], t, state);
        s[i] = round[i].s;
    }
    combine_rounds(s, ROUNDS, &figure);
    snprintf(params, sizeof params, "{\"n_heads\":16,\"n_kv_heads\":8,\"seq_len_q\":%u,\"seq_len_k\":4096}", c);
    snprintf(text, sizeof text,
             "flash_attn_prefill_bf16_d256 n_heads=16 n_kv_heads=8 seq_len_q=%u seq_len_k=4096 seed=1 cpu avx512 warm",
             c);
    snprintf(
        repro, sizeof repro,
        "mlxbench run '{op: flash_attn_prefill, entries: [flash_attn_prefill_bf16_d256], params:"
        " {n_heads: 16, n_kv_heads: 8, seq_len_q: %u, seq_len_k: 4096}, seed: 1, backends: [cpu], bench: {rounds: 2}}'",
        c);
    const struct result_row r = { .suite = "flash_attn",
                                  .op = "flash_attn_prefill",
                                  .entry = "flash_attn_prefill_bf16_d256",
                                  .dtype = "bf16",
                                  .params_json = params,
                                  .case_text = text,
                                  .case_id = case_id(c),
                                  .seed = 1,
                                  .def_version = 1,
                                  .bytes = 1e6,
                                  .flops = 1e9,
                                  .backend = "cpu",
                                  .caps = &caps,
                                  .impl = "avx512",
                                  .tile = "BQ=32 BK=64",
                                  .status = ST_PASS,
                                  .reason = "",
                                  .err_rms = 0.2 + uniform(state),
                                  .err_max = 1 + uniform(state),
                                  .compared = 4096,
                                  .repro = repro,
                                  .setup_ns = t * uniform(state),
                                  .compile_ns = 0,
                                  .first_ns = t * uniform(state),
                                  .check_ns = t * uniform(state),
                                  .oracle_ns = t * uniform(state),
                                  .case_ns = 1e8 * uniform(state),
                                  .round = round,
                                  .nround = ROUNDS,
                                  .median_ns = figure.median,
                                  .ci_lo_ns = figure.ci_lo,
                                  .ci_hi_ns = figure.ci_hi,
                                  .gbps = 1e6 / figure.median,
                                  .gflops = 1e9 / figure.median };
    if (store_result(st, &r, err, sizeof err)) {
        fprintf(stderr, "store_scale: %s\n", err);
        exit(5);
    }
}

static int fail(void)
{
    fprintf(stderr, "store_scale: %s\n", err);
    return 5;
}

static int fill(const char *path, uint32_t runs, uint32_t cases, bool sync)
{
    struct store *st = NULL;
    uint64_t state = 1;
    const double t0 = seconds();
    if (store_open(path, true, &st, err, sizeof err)) return fail();
    for (uint32_t u = 0; u < runs; u++) {
        char commit[41], uuid[37];
        snprintf(commit, sizeof commit, "%040llx", 0x1000003ull * (u + 1));
        const struct run_info info = { .version = "0.1",
                                       .commit = commit,
                                       .branch = "main",
                                       .suite_hash = 1,
                                       .binary_hash = u,
                                       .cmdline = "mlxbench run suites/flash_attn.yaml",
                                       .purpose = "bench",
                                       .config_json = "{}",
                                       .durable = sync };
        if (store_begin(st, &info, uuid, err, sizeof err)) return fail();
        for (uint32_t c = 0; c < cases; c++) add_result(st, c, &state);
        if (store_end(st, "complete", err, sizeof err)) return fail();
    }
    store_close(st);
    const double t = seconds() - t0;
    printf("written   %u results with %u samples, %.0f results/s%s\n", runs * cases, runs * cases * ROUNDS * SAMPLES,
           runs * cases / t, sync ? ", each synced to disk" : "");
    return 0;
}

/* The last 20 runs as `compare` reads them; *latest: uuid of the last. */
static int compare(struct store *st, uint32_t runs, char latest[37])
{
    struct point_list l = { 0 };
    uint32_t results = 0;
    const double t0 = seconds();
    for (uint32_t u = 0; u < 20 && u < runs; u++) {
        char word[32];
        int64_t *run = NULL;
        uint32_t n;
        snprintf(word, sizeof word, "last~%u", u);
        if (store_find_runs(st, word, &run, &n, err, sizeof err) ||
            store_points_of_runs(st, run, n, &l, err, sizeof err))
            return fail();
        if (u == 0) snprintf(latest, 37, "%s", l.item[0].run);
        results += l.n;
        points_free(&l);
        free(run);
    }
    printf("compare   the last 20 runs, %u results with their rounds: %.3f s\n", results, seconds() - t0);
    return 0;
}

/* What the gate asks the history for every case of the last run. */
static int ask_history(const char *path, uint32_t runs, uint32_t cases)
{
    static const struct run_info gate = { .version = "0.1", .commit = "", .branch = "main", .cmdline = "mlxbench gate",
                                          .purpose = "gate", .config_json = "{}", .durable = true };
    struct store *st = NULL;
    char latest[37], uuid[37];
    uint32_t earlier = 0;
    if (store_open(path, false, &st, err, sizeof err) || compare(st, runs, latest) ||
        store_begin(st, &gate, uuid, err, sizeof err))
        return fail();
    const double t0 = seconds();
    for (uint32_t c = 0; c < cases; c++) {
        const struct result_row id = { .case_id = case_id(c), .def_version = 1, .backend = "cpu", .caps = &caps };
        struct history h;
        if (store_history(st, latest, &id, &h, err, sizeof err)) return fail();
        earlier += h.n;
    }
    printf("screen    of %u cases by %u earlier results: %.3f s\n", cases, earlier, seconds() - t0);
    if (store_end(st, "complete", err, sizeof err)) return fail();
    store_close(st);
    return 0;
}

static int history(const char *path)
{
    struct store *st = NULL;
    struct point_list l = { 0 };
    struct series *s = NULL;
    uint32_t n = 0;
    const double t0 = seconds();
    if (store_open(path, false, &st, err, sizeof err)) return fail();
    if (store_points_of_case(st, "seq_len_q=77 ", &l, err, sizeof err)) return fail();
    if (series_make(&l, &s, &n)) return 5;
    printf("history   one case by its text, %u results: %.3f s\n", l.n, seconds() - t0);
    series_free(s, n);
    points_free(&l);
    store_close(st);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: store_scale FILE RUNS CASES SYNC\n");
        return 3;
    }
    const uint32_t runs = (uint32_t)atoi(argv[2]), cases = (uint32_t)atoi(argv[3]);
    int rc = fill(argv[1], runs, cases, atoi(argv[4]) != 0);
    if (rc == 0 && runs >= 20) rc = ask_history(argv[1], runs, cases);
    if (rc == 0 && runs >= 20) rc = history(argv[1]);
    return rc;
}
