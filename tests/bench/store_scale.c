/* Fills a database with 50,000 timed results, 10 million samples, through the store's own functions, and says how large
 * it is and how fast.  Usage: store_scale FILE RUNS CASES DURABLE */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "harness/store.h"

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

/* A kernel of about t ns: 0.5 % between rounds, 0.5 % between samples, and one sample in fifty far off. */
static void make_round(struct measurement *m, double t, uint64_t *state)
{
    memset(m, 0, sizeof *m);
    m->n = SAMPLES;
    m->batch = 4;
    m->warmup_n = 20;
    m->clock = 'h';
    m->first_ns = 1.5 * t;
    strcpy(m->stop_reason, "interval");
    const double level = t * (1 + 0.01 * (uniform(state) - 0.5));
    for (uint32_t i = 0; i < m->n; i++) {
        const double noise = uniform(state) + uniform(state) - 1;
        m->ns[i] = m->host_ns[i] = level * (1 + 0.01 * noise + (next(state) >> 40) % 50 / 49 * 0.3);
    }
    if (summarize(m->ns, m->n, &m->s)) exit(1);
}

static void add_result(struct store *st, uint32_t c, uint64_t *state)
{
    static const struct mxb_caps caps = { .name = "AMD EPYC", .driver = "threads", .driver_version = "gcc 12.2.0",
                                          .api = "x86-64 AVX-512", .units = 8, .kind = MXB_KIND_CPU };
    static struct measurement round[ROUNDS];
    struct summary s[ROUNDS];
    struct round_summary figure;
    char params[200], text[300], repro[400];
    const double t = 20e3 * pow(1.02, c);
    for (int i = 0; i < ROUNDS; i++) {
        make_round(&round[i], t, state);
        s[i] = round[i].s;
    }
    combine_rounds(s, ROUNDS, &figure);
    snprintf(params, sizeof params, "{\"n_heads\":16,\"n_kv_heads\":8,\"seq_len_q\":%u,\"seq_len_k\":4096}", c);
    snprintf(text, sizeof text, "flash_attn_prefill_bf16_d256 n_heads=16 n_kv_heads=8 seq_len_q=%u seq_len_k=4096 seed=1 cpu avx512 warm", c);
    snprintf(repro, sizeof repro, "mlxbench run '{op: flash_attn_prefill, entries: [flash_attn_prefill_bf16_d256], params:"
             " {n_heads: 16, n_kv_heads: 8, seq_len_q: %u, seq_len_k: 4096}, seed: 1, backends: [cpu], bench: {rounds: 2}}'", c);
    const struct result_row r = {
        .suite = "flash_attn", .op = "flash_attn_prefill", .entry = "flash_attn_prefill_bf16_d256", .dtype = "bf16",
        .params_json = params, .case_text = text, .case_id = 0x9e3779b97f4a7c15u * (c + 1), .seed = 1, .def_version = 1,
        .bytes = 1e6, .flops = 1e9, .backend = "cpu", .caps = &caps, .impl = "avx512", .tile = "BQ=32 BK=64",
        .status = ST_PASS, .reason = "", .err_rms = 0.2 + uniform(state), .err_max = 1 + uniform(state), .compared = 4096,
        .repro = repro, .setup_ns = t * uniform(state), .compile_ns = 0, .first_ns = t * uniform(state),
        .check_ns = t * uniform(state), .oracle_ns = t * uniform(state), .case_ns = 1e8 * uniform(state), .round = round,
        .nround = ROUNDS, .median_ns = figure.median, .ci_lo_ns = figure.ci_lo, .ci_hi_ns = figure.ci_hi,
        .gbps = 1e6 / figure.median, .gflops = 1e9 / figure.median };
    if (store_result(st, &r, err, sizeof err)) {
        fprintf(stderr, "store_scale: %s\n", err);
        exit(5);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: store_scale FILE RUNS CASES DURABLE\n");
        return 3;
    }
    const uint32_t runs = (uint32_t)atoi(argv[2]), cases = (uint32_t)atoi(argv[3]);
    struct store *st = NULL;
    uint64_t state = 1;
    const double t0 = seconds();
    if (store_open(argv[1], true, &st, err, sizeof err)) {
        fprintf(stderr, "store_scale: %s\n", err);
        return 5;
    }
    for (uint32_t u = 0; u < runs; u++) {
        char commit[41], uuid[37];
        snprintf(commit, sizeof commit, "%040llx", 0x1000003ull * (u + 1));
        const struct run_info info = { .version = "0.1", .commit = commit, .branch = "main", .suite_hash = 1, .binary_hash = u,
                                       .cmdline = "mlxbench run suites/flash_attn.yaml", .purpose = "bench",
                                       .config_json = "{}", .durable = atoi(argv[4]) != 0 };
        if (store_begin(st, &info, uuid, err, sizeof err)) return 5;
        for (uint32_t c = 0; c < cases; c++) add_result(st, c, &state);
        if (store_end(st, "complete", err, sizeof err)) return 5;
    }
    store_close(st);
    const double t = seconds() - t0;
    printf("%u results with %u samples in %.1f s: %.0f results/s%s\n", runs * cases, runs * cases * ROUNDS * SAMPLES, t,
           runs * cases / t, atoi(argv[4]) ? ", each synced to disk" : "");
    return 0;
}
