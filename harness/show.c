/* The commands that only tell (show.h). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/json.h"
#include "harness/nearest.h"
#include "harness/ops.h"
#include "harness/provenance.h"
#include "harness/show.h"

/* ---- devices ---- */

static const char *const kind_name[] = { "cpu", "integrated", "discrete", "virtual", "other" };

static void print_features(uint64_t features)
{
    const char *sep = "";
    for (int b = 0; b < 64; b++)
        if (features & 1ull << b) {
            printf("%s%s", sep, mxb_feature_name(1ull << b));
            sep = ", ";
        }
    putchar('\n');
}

static double gib(uint64_t bytes) { return (double)bytes / 1073741824.0; }

static void print_device(const struct device *d, bool all)
{
    const struct mxb_caps *c = &d->caps;
    printf("%-10s %s (%s)\n", d->label, c->name, kind_name[c->kind]);
    if (!c->max_wg) return;          /* could not be described */
    printf("           driver    %s %s, %s\n", c->driver, c->driver_version, c->api);
    printf("           memory    %.1f GiB, one buffer up to %.1f GiB, local %.0f KiB", gib(c->mem_bytes), gib(c->max_buffer),
           (double)c->local_bytes / 1024);
    if (c->llc_bytes) printf(", last-level cache %.0f KiB", (double)c->llc_bytes / 1024);
    printf("\n           features  ");
    print_features(c->features);
    if (!all) return;
    printf("           workgroup up to %u work items, axes %u x %u x %u; grid %u x %u x %u\n", c->max_wg, c->max_wg_dim[0],
           c->max_wg_dim[1], c->max_wg_dim[2], c->max_groups[0], c->max_groups[1], c->max_groups[2]);
    printf("           subgroup  %u to %u; compute units %u; buffers per kernel %u; parameters %u bytes; buffer alignment %u\n",
           c->sg_min, c->sg_max, c->units, c->max_bind, c->push_bytes, c->bind_align);
    printf("           clock     tick %.3f ns, %u valid bits; vendor 0x%x device 0x%x uuid %s\n", c->tick_ns, c->ts_valid_bits,
           c->vendor_id, c->device_id, *c->uuid ? c->uuid : "-");
}

static void json_device(const struct device *d)
{
    const struct mxb_caps *c = &d->caps;
    struct json j = { .file = stdout };
    json_object(&j, NULL);
    json_string(&j, "device_label", d->label);
    json_string(&j, "backend", d->be->name);
    json_string(&j, "device", c->name);
    json_string(&j, "kind", kind_name[c->kind]);
    json_string(&j, "driver", c->driver);
    json_string(&j, "driver_version", c->driver_version);
    json_string(&j, "api", c->api);
    json_array(&j, "features");
    for (int b = 0; b < 64; b++)
        if (c->features & 1ull << b) json_string(&j, NULL, mxb_feature_name(1ull << b));
    json_end(&j);
    json_uint(&j, "mem_bytes", c->mem_bytes);
    json_uint(&j, "max_buffer", c->max_buffer);
    json_uint(&j, "local_bytes", c->local_bytes);
    json_uint(&j, "llc_bytes", c->llc_bytes);
    json_uint(&j, "max_workgroup", c->max_wg);
    json_uint(&j, "subgroup_min", c->sg_min);
    json_uint(&j, "subgroup_max", c->sg_max);
    json_double(&j, "tick_ns", c->tick_ns);
    json_end(&j);
    json_finish(&j, NULL);
    putchar('\n');
}

/* Mask of the backends that --backend names, all without it; 0 = an unknown name was reported. */
static uint32_t backend_mask(const struct cli *c)
{
    const char *known[MAX_BACKENDS];
    uint32_t mask = 0;
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++) {
        known[b] = linked_backends[b]->name;
        for (uint32_t i = 0; i < c->backend.n; i++)
            if (strcmp(c->backend.item[i], known[b]) == 0) mask |= 1u << b;
    }
    if (!c->backend.n) return (1u << linked_backend_count) - 1;
    for (uint32_t i = 0; i < c->backend.n; i++) {
        char err[MXB_ERRLEN];
        bool found = false;
        for (uint32_t b = 0; b < linked_backend_count; b++) found |= strcmp(c->backend.item[i], known[b]) == 0;
        if (found) continue;
        snprintf(err, sizeof(err), "unknown backend '%.40s'", c->backend.item[i]);
        nearest_hint(err, sizeof(err), c->backend.item[i], known, linked_backend_count);
        cli_error(EXIT_USAGE, "%s", err);
        return 0;
    }
    return mask;
}

int show_probe(const struct cli *c, struct arena *a, struct device_list *l)
{
    char err[MXB_ERRLEN];
    const uint32_t mask = backend_mask(c);
    if (!mask) return EXIT_USAGE;
    if (arena_new(a)) return cli_error(EXIT_USAGE, "cannot reserve shared memory");
    *l = (struct device_list){ .base = { .open = { .threads = c->threads } }, .arena = a, .timeout_s = c->timeout_s };
    if (devices_probe(l, mask, err, sizeof(err))) return cli_error(EXIT_USAGE, "%s", err);
    return 0;
}

int devices_run(const struct cli *c)
{
    struct arena a = { 0 };
    static struct device_list l;
    const bool as_json = c->format && strcmp(c->format, "json") == 0;
    const int rc = show_probe(c, &a, &l);
    if (rc) return rc;
    for (uint32_t i = 0; i < l.n; i++) {
        if (as_json) json_device(&l.device[i]);
        else print_device(&l.device[i], c->all);
    }
    for (uint32_t b = 0; b < linked_backend_count && !as_json; b++)
        if (*l.missing[b]) printf("%-10s unavailable: %s\n", linked_backends[b]->name, l.missing[b]);
    devices_stop(&l);
    arena_free(&a);
    return EXIT_FINE;
}

/* ---- doctor ---- */

bool tool_in_path(const char *tool)
{
    const char *path = getenv("PATH");
    char copy[8192], full[9000];
    snprintf(copy, sizeof(copy), "%s", path ? path : "");
    for (char *save = NULL, *d = strtok_r(copy, ":", &save); d; d = strtok_r(NULL, ":", &save)) {
        snprintf(full, sizeof(full), "%s/%s", d, tool);
        if (access(full, X_OK) == 0) return true;
    }
    return false;
}

int doctor_run(const struct cli *c)
{
    static const struct { const char *tool, *use; } tools[] = {
        { "glslc", "GLSL kernels in --kernel-dir" }, { "cc", "C kernels in --kernel-dir" }, { "gnuplot", "plots" } };
    struct arena a = { 0 };
    static struct device_list l;
    uint32_t faults = 0;
    const int rc = show_probe(c, &a, &l);
    if (rc) return rc;
    printf("program    mlxbench %s %.12s%s\n", MXB_VERSION, MXB_COMMIT, MXB_DIRTY ? " (modified)" : "");
    for (uint32_t b = 0; b < linked_backend_count; b++) {
        if (*l.missing[b]) printf("%-10s no: %s\n", linked_backends[b]->name, l.missing[b]);
        for (uint32_t i = 0; i < l.n; i++)
            if (l.device[i].backend == (int)b)
                printf("%-10s yes: %s, %s\n", l.device[i].label, l.device[i].caps.name, l.device[i].caps.driver_version);
    }
    for (uint32_t i = 0; i < ops_count(); i++) {
        char err[MXB_ERRLEN];
        if (ops_check(ops_get(i), err, sizeof(err)) == 0) continue;
        printf("op         %s\n", err);
        faults++;
    }
    printf("ops        %u, %s\n", ops_count(), faults ? "with faults" : "tables consistent");
    for (size_t i = 0; i < MXB_COUNT(tools); i++)
        printf("%-10s %s (%s)\n", tools[i].tool, tool_in_path(tools[i].tool) ? "found" : "not found", tools[i].use);
    printf("cache      %s\n", cache_folder() ? cache_folder() : "none: not writable, or open to other users");
    devices_stop(&l);
    arena_free(&a);
    return faults ? EXIT_WRONG : EXIT_FINE;
}

/* ---- show ---- */

static void show_op(const struct mxb_op *op)
{
    printf("%s: %s\nfamily %s, source: %s\n\nparameters\n", op->name, op->about, op->family, op->source_ref);
    for (uint32_t i = 0; i < op->nparam; i++) {
        const struct mxb_param *p = &op->param[i];
        char range[96];
        if (p->type == 'e') snprintf(range, sizeof(range), "%.90s", p->names);
        else if (p->type == 'b') snprintf(range, sizeof(range), "false true");
        else snprintf(range, sizeof(range), "%.9g to %.9g", p->min, p->max);
        printf("  %-14s default %-8.6g %-34s %s\n", p->name, p->def, range, p->about);
    }
    printf("\ntensors\n");
    for (uint32_t t = 0; t < op->ntensor; t++) {
        static const char *const role[] = { "in", "out", "inout", "scratch" };
        const struct mxb_tensor *x = &op->tensor[t];
        static const char *const slot[] = { "T", "T2", "T3" };
        printf("  %-8s %-7s %-5s [%s]%s%s\n", x->name, role[x->role],
               x->dtype < 0 ? slot[-1 - x->dtype] : mxb_dtype_name((enum mxb_dtype)x->dtype), x->shape,
               x->present ? " where " : "", x->present ? x->present : "");
    }
    printf("\nimplementations\n");
    for (uint32_t i = 0; i < op->nimpl; i++) {
        const struct mxb_impl *im = &op->impl[i];
        printf("  %-10s %-8s %s\n", im->name, im->lang, im->about ? im->about : "");
        for (uint32_t t = 0; t < im->ntile; t++)
            printf("    tile %-6s default %s, try %s: %s\n", im->tile[t].name, im->tile[t].def, im->tile[t].choices,
                   im->tile[t].about ? im->tile[t].about : "");
    }
    printf("\nentry points\n");
    for (uint32_t e = 0; e < op->nentry; e++)
        printf("  %-62s T=%s%s%s\n", op->entry[e].name, mxb_dtype_name(op->entry[e].dt[0]), op->entry[e].consts ? " " : "",
               op->entry[e].consts ? op->entry[e].consts : "");
}

static int print_stored(void *ctx, const struct stored_case *s)
{
    uint32_t *n = ctx;
    printf("%s%s  %s  %s on %s %s\n  %s %s  %s %s\n  params  %s\n", (*n)++ ? "\n" : "", s->id, s->status, s->entry, s->backend, s->device,
           s->impl, s->tile, s->when, s->commit, s->params_json);
    if (*s->reason) printf("  reason  %s\n", s->reason);
    printf("  error   rms %.3g, max %.3g sigma\n", s->err_rms, s->err_max);
    if (s->median_ns > 0)
        printf("  time    %.0f ns (95 %% interval %.0f to %.0f), %.3f GB/s, %.3f GFLOP/s\n", s->median_ns, s->ci_lo_ns, s->ci_hi_ns, s->gbps,
               s->gflops);
    if (s->limit_pct > 0) printf("  limit   %.1f %% of the device's %s limit\n", s->limit_pct, s->limit_by);
    printf("  repro   %s\n", s->repro);
    return 0;
}

struct resolve { char *out; size_t n; bool found; };

/* The inline case between the quotes of a repro line. */
static int take_repro(void *ctx, const struct stored_case *s)
{
    struct resolve *r = ctx;
    const char *a = strchr(s->repro, '\''), *b = a ? strchr(a + 1, '\'') : NULL;     /* an inline case has none inside */
    if (!b) return 0;
    snprintf(r->out, r->n, "%.*s", (int)(b - a - 1), a + 1);
    r->found = true;
    return 1;
}

static int find_stored(const struct cli *c, const char *id, uint32_t max, int (*each)(void *, const struct stored_case *), void *ctx)
{
    struct store *st = NULL;
    char err[MXB_ERRLEN];
    const char *db = cli_db(c);
    int rc = store_open(db, false, &st, err, sizeof(err));
    if (rc == 0) rc = store_find(st, id, max, each, ctx, err, sizeof(err));
    store_close(st);
    return rc < 0 ? cli_error(rc == MXB_EDB ? EXIT_DB : EXIT_USAGE, "%s", err) : 0;      /* 1: each() has ended it */
}

int show_resolve_case(const struct cli *c, char *out, size_t n)
{
    const char *arg = c->arg.item[0];
    struct resolve r = { out, n, false };
    if (*arg == '{') {
        snprintf(out, n, "%s", arg);
        return 0;
    }
    const int rc = find_stored(c, arg, 1, take_repro, &r);
    if (rc || r.found) return rc;
    return cli_error(EXIT_USAGE, "no stored case has the id '%.40s' (ids: `mlxbench list cases SUITE` or the json output)", arg);
}

static int show_inline(const struct cli *c)
{
    struct case_list l;
    struct suite_opts so;
    char err[MXB_ERRLEN], text[4096];
    cli_suite_opts(c, &so);
    if (suites_load(c->arg.item, 1, &so, &l, err, sizeof(err))) return cli_error(EXIT_USAGE, "%s", err);
    for (uint32_t i = 0; i < l.nitem; i++) {
        case_text(&l, &l.item[i], text, sizeof(text));
        printf("%010llx %s\n", (unsigned long long)(case_hash(&l, &l.item[i]) >> 24), text);
    }
    suites_free(&l);
    return EXIT_FINE;
}

int show_run(const struct cli *c)
{
    const struct mxb_op *op = NULL;
    uint32_t n = 0;
    if (c->arg.n != 1) return cli_error(EXIT_USAGE, "show: give one op, entry point or case");
    const char *arg = c->arg.item[0];
    if (*arg == '{') return show_inline(c);
    op = ops_find(arg);
    if (!op) ops_find_entry(arg, &op);
    if (op) {
        show_op(op);
        return EXIT_FINE;
    }
    if (strspn(arg, "0123456789abcdef") == strlen(arg) && *arg) {
        const int rc = find_stored(c, arg, 20, print_stored, &n);
        if (rc) return rc;
        if (n) return EXIT_FINE;
    }
    const char *known[512];
    char err[MXB_ERRLEN];
    size_t k = 0;
    for (uint32_t i = 0; i < ops_count() && k < MXB_COUNT(known); i++) {
        known[k++] = ops_get(i)->name;
        for (uint32_t e = 0; e < ops_get(i)->nentry && k < MXB_COUNT(known); e++) known[k++] = ops_get(i)->entry[e].name;
    }
    snprintf(err, sizeof(err), "show: '%.60s' is no op, entry point or stored case", arg);
    nearest_hint(err, sizeof(err), arg, known, k);
    return cli_error(EXIT_USAGE, "%s", err);
}
