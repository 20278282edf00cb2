/* The roofline: the limit of a case, and `mlxbench roofline`, which measures a device with bench_copy,
 * bench_read and bench_fma. */
#include "harness/roofline.h"

#include <stdio.h>
#include <string.h>

#include "harness/cli.h"
#include "harness/cold.h"
#include "harness/json.h"
#include "harness/show.h"

enum { CASES = 3, MIB = 1 << 20, READ_ROW = 16 << 10 };    /* bytes of a row of bench_read */

/* ---- the limit of a case ---- */

struct roofline_limit roofline_limit(const struct roofline *r, const struct mxb_caps *caps, double bytes, double flops,
                                     enum mxb_dtype dtype, enum cache_mode cache, uint64_t needs)
{
    static const uint64_t matrix_units = MXB_FEAT_COOPMAT_KHR | MXB_FEAT_COOPMAT_NV | MXB_FEAT_AMX_BF16 |
                                         MXB_FEAT_INT8_DOT | MXB_FEAT_AVX512_BF16 | MXB_FEAT_BF16_ARITH;
    const struct roofline_limit unknown = { 0, "" };
    const bool beyond = cache == CACHE_COLD || bytes >= 2 * (double)cold_cache_bytes(caps);
    const bool memory = beyond && r->memory_gbps > 0;
    /* Other ops widen f16 to f32, or compute in f16 where that is faster. */
    const double peak = dtype == MXB_F16 && r->f16_gflops > r->f32_gflops ? r->f16_gflops : r->f32_gflops;
    if (!(r->cache_gbps > 0) || !(peak > 0) || needs & matrix_units) return unknown;
    const double carry = bytes / (memory ? r->memory_gbps : r->cache_gbps), compute = flops / peak;
    if (!(carry > 0) && !(compute > 0)) return unknown;
    if (compute > carry) return (struct roofline_limit){ compute, "arithmetic" };
    return (struct roofline_limit){ carry, memory ? "memory" : "cache" };
}

/* ---- measuring ---- */

static void keep_best(struct roofline_best *b, double rate, const struct result_row *r)
{
    if (!(rate > b->rate)) return;
    b->rate = rate;
    const char *const op = strncmp(r->op, "bench_", 6) == 0 ? r->op + 6 : r->op;
    const int n = snprintf(b->how, sizeof(b->how), "%s: %s%s%s", op, r->impl, *r->tile ? " " : "", r->tile);
    if (r->flops == 0) snprintf(b->how + n, sizeof(b->how) - (size_t)n, ", %.4g MiB", r->bytes / MIB);
}

void roofline_collect(struct roofline_probe *p, const struct result_row *r)
{
    if (r->status != ST_PASS || !r->caps || !(r->median_ns > 0)) return;
    if (strcmp(r->entry, "bench_fma_f32") == 0) keep_best(&p->f32, r->gflops, r);
    else if (strcmp(r->entry, "bench_fma_f16") == 0) keep_best(&p->f16, r->gflops, r);
    else {
        keep_best(&p->cache, r->gbps, r);
        if (r->bytes >= 2 * (double)cold_cache_bytes(r->caps)) keep_best(&p->memory, r->gbps, r);
    }
}

bool roofline_result(const struct roofline_probe *p, struct roofline *out)
{
    *out = (struct roofline){ p->memory.rate, p->cache.rate, p->f32.rate, p->f16.rate };
    return out->cache_gbps > 0 && out->f32_gflops > 0;
}

/* Only what went wrong is shown: the figures come at the end. */
static void begin(FILE *f, const struct case_list *l, const struct device_list *d, const struct report_style *style, void **state)
{
    (void)f; (void)l; (void)d; (void)style;
    *state = (void *)1;              /* nothing to keep */
}
static void row(FILE *f, void *state, const struct result_row *r, const char *label, const struct bench_case *c)
{
    (void)state; (void)c;
    if (status_fails_run(r->status))
        fprintf(f, "%-10s %s %s: %s\n           %s\n", label, status_name(r->status), r->entry, r->reason, r->repro);
}
static void end(FILE *f, void *state, const struct run_summary *s)
{
    (void)f; (void)state; (void)s;
}
static const struct reporter quiet = { "roofline", begin, row, NULL, end };

/* Bytes moved by a case: from a quarter of a MiB, which private caches hold, to eight times the last-level cache.  As text:
 * groups of 16 bytes per buffer of a copy, and rows of a read. */
static void sizes(const struct mxb_caps *c, char *copy, char *rows, size_t n)
{
    const uint64_t llc = cold_cache_bytes(c), all = c->mem_bytes / 4;
    const uint64_t most = 2048ull * MIB - 16, fits = c->max_buffer < all / 2 ? c->max_buffer : all / 2;
    const uint64_t largest = fits < most ? fits : most;                          /* one buffer; the parameter has its range */
    const uint64_t total[] = { MIB / 4, 2 * MIB, llc / 2, 4 * llc, 8 * llc };
    size_t nc = 0, nr = 0;
    for (size_t i = 0; i < MXB_COUNT(total); i++) {
        const uint64_t half = total[i] / 2 < largest ? total[i] / 2 : largest, one = total[i] < largest ? total[i] : largest;
        const char *const sep = i ? ", " : "";
        nc += (size_t)snprintf(copy + nc, n - nc, "%s%llu", sep, (unsigned long long)(half / 16));
        nr += (size_t)snprintf(rows + nr, n - nr, "%s%llu", sep, (unsigned long long)(one / READ_ROW));
    }
}

static void make_cases(const struct device *d, char text[CASES][512])
{
    const char *const usual = "bench: {rounds: 1, min_time: 50ms, max_time: 250ms}";
    const bool cpu = strcmp(d->be->lang, "c") == 0, slow = d->caps.kind == MXB_KIND_CPU;
    char copy[160], rows[160];
    sizes(&d->caps, copy, rows, sizeof(copy));
    snprintf(text[0], sizeof(text[0]), "{op: bench_copy, impl: all, sweep: {n: [%s]}, tile: {%s}, backends: [%s],"
             " check: {fills: [normal], sampled: 4096}, %s}", copy, cpu ? "CHUNK: [1024, 16384]" : "GROUPS: [1024, 65535]",
             d->be->name, usual);
    snprintf(text[1], sizeof(text[1]), "{op: bench_read, params: {n: %d}, sweep: {rows: [%s]}, backends: [%s],"
             " check: {fills: [normal], sampled: 64}, %s}", READ_ROW / 16, rows, d->be->name, usual);
    snprintf(text[2], sizeof(text[2]), "{op: bench_fma, impl: all, params: {blocks: %u, rounds: 128}, backends: [%s],"
             " check: {fills: [exact], sampled: 16}, %s}", slow ? 128 * (d->caps.units ? d->caps.units : 1) : 32768,
             d->be->name, usual);
}

static int measure_device(const struct cli *c, const struct device *d, struct roofline_probe *p)
{
    char text[CASES][512];
    const char *const path[CASES] = { text[0], text[1], text[2] }, *const label[] = { d->label };
    struct run_opts o;
    cli_run_opts(c, &o);
    make_cases(d, text);
    o.path = path;
    o.npath = CASES;
    o.device = label;
    o.ndevice = 1;
    o.suites.backend = NULL;
    o.suites.nbackend = 0;
    o.sinks = (struct report_sinks){ .sink = { { .reporter = &quiet } }, .n = 1 };
    o.probe = p;
    return run_suites(&o);
}

static void print_best(const char *name, const struct roofline_best *b, const char *unit, const char *none)
{
    if (b->rate > 0) printf("           %-10s %9.1f %-7s  %s\n", name, b->rate, unit, b->how);
    else printf("           %-10s %9s %-7s  %s\n", name, "-", unit, none);
}

static void print_device(const struct device *d, const struct roofline_probe *p)
{
    printf("%-10s %s, %s %s\n", d->label, d->caps.name, d->caps.driver, d->caps.driver_version);
    print_best("memory", &p->memory, "GB/s", "no buffers of twice the last-level cache");
    print_best("cache", &p->cache, "GB/s", "not measured");
    print_best("f32", &p->f32, "GFLOP/s", "not measured");
    print_best("f16", &p->f16, "GFLOP/s", "computes in f32");
}

static void json_best(struct json *j, const char *name, const struct roofline_best *b)
{
    if (b->rate > 0) json_double(j, name, b->rate);
    else json_null(j, name);
}

static void json_device(const struct device *d, const struct roofline_probe *p)
{
    struct json j = { .file = stdout };
    json_object(&j, NULL);
    json_string(&j, "device_label", d->label);
    json_string(&j, "backend", d->be->name);
    json_string(&j, "device", d->caps.name);
    json_string(&j, "driver", d->caps.driver);
    json_string(&j, "driver_version", d->caps.driver_version);
    json_best(&j, "memory_gbps", &p->memory);
    json_best(&j, "cache_gbps", &p->cache);
    json_best(&j, "f32_gflops", &p->f32);
    json_best(&j, "f16_gflops", &p->f16);
    json_end(&j);
    json_finish(&j, NULL);
    putchar('\n');
}

/* Which devices there are.  Their workers end here: each measuring run starts its own. */
static int find_devices(const struct cli *c, struct device *found, uint32_t *n)
{
    struct arena a = { 0 };
    struct device_list l;
    char err[MXB_ERRLEN];
    int code = show_probe(c, &a, &l);
    if (code) return code;
    if (devices_select(&l, c->device.item, c->device.n, err, sizeof(err))) code = cli_error(EXIT_USAGE, "%s", err);
    else if (l.n == 0) code = cli_error(EXIT_USAGE, "roofline: no device: see `mlxbench doctor`");
    memcpy(found, l.device, l.n * sizeof(*found));
    *n = l.n;
    devices_stop(&l);
    arena_free(&a);
    return code;
}

int roofline_run(const struct cli *c)
{
    static const char *const format[] = { "table", "json" };
    struct device found[MAX_DEVICES];
    uint32_t n = 0;
    int which, code = cli_choice("format", c->format, format, MXB_COUNT(format), &which);
    if (c->arg.n) return cli_error(EXIT_USAGE, "roofline: takes no argument; --device chooses devices");
    if (code == 0) code = find_devices(c, found, &n);
    for (uint32_t i = 0; i < n && (code == EXIT_FINE || code == EXIT_WRONG); i++) {
        struct roofline_probe p = { 0 };
        const int rc = measure_device(c, &found[i], &p);
        if (rc) code = rc;
        if (which == 1) json_device(&found[i], &p);
        else print_device(&found[i], &p);
        fflush(stdout);
    }
    return code;
}
