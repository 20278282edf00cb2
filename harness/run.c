/* `mlxbench run`: the phases of a run in order (run.h). */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include "harness/group.h"
#include "harness/json.h"
#include "harness/provenance.h"
#include "harness/quote.h"
#include "harness/run.h"
#include "harness/temp.h"
#include "harness/turn.h"

_Atomic int run_interrupted;

struct run {
    const struct run_opts *o;
    struct case_list cases;
    struct overlay *overlay;         /* NULL = none */
    struct store *store;
    struct arena arena;
    struct device_list devices;
    struct roofline roof[MAX_DEVICES];   /* as devices.device; all 0 = never measured */
    struct report_sinks sinks;
    bool reporting;                  /* they have begun */
    struct run_summary sum;
    struct progress progress;
    char uuid[37];
    uint64_t order_seed;             /* of the order of the cases */
    bool begun;                      /* the store has a run of ours */
    bool failed;                     /* a case that was run now: a resumed run may have others */
    struct temp temp;                /* for what workers leave behind */
};

enum { STREAM_PROBLEMS = 0x6f726402 };          /* of mxb_rand_u32 */

static int complain(int rc, const char *err)
{
    fprintf(stderr, "mlxbench: %s\n", err);
    return rc == MXB_EDB ? EXIT_DB : EXIT_USAGE;
}

/* ---- set-up ---- */

static uint32_t backends_needed(const struct case_list *l)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < l->nitem; i++) mask |= 1u << l->item[i].backend;
    return mask;
}

/* A backend asked for by name must be there. */
static int check_named_backends(const struct run *r, char *err, size_t errlen)
{
    for (uint32_t b = 0; b < linked_backend_count && b < MAX_BACKENDS; b++)
        for (uint32_t i = 0; i < r->o->suites.nbackend; i++)
            if (strcmp(r->o->suites.backend[i], linked_backends[b]->name) == 0 && *r->devices.missing[b]) {
                snprintf(err, errlen, "--backend %s: unavailable: %s", linked_backends[b]->name, r->devices.missing[b]);
                return MXB_EINVAL;
            }
    return 0;
}

static int open_devices(struct run *r, char *err, size_t errlen)
{
    const struct run_opts *o = r->o;
    int rc = arena_new(&r->arena);
    if (rc) {
        snprintf(err, errlen, "cannot reserve shared memory");
        return rc;
    }
    rc = temp_begin(&r->temp, err, errlen);
    if (rc) return rc;
    r->devices = (struct device_list){
        .base = { .open = { .cache_dir = cache_folder(), .threads = o->threads, .validate = o->validate },
                  .overlay = r->overlay, .temp_dir = r->temp.path, .in_process = o->in_process,
                  .turn_fd = o->turn_fd },
        .arena = &r->arena, .timeout_s = o->timeout_s };
    rc = devices_probe(&r->devices, backends_needed(&r->cases), err, errlen);
    if (rc == 0) rc = check_named_backends(r, err, errlen);
    if (rc == 0) rc = devices_select(&r->devices, o->device, o->ndevice, err, errlen);
    return rc;
}

static void json_words(struct json *j, const char *key, const char *const *word, uint32_t n)
{
    if (key && n == 0) return;
    json_array(j, key);
    for (uint32_t i = 0; i < n; i++) json_string(j, NULL, word[i]);
    json_end(j);
}

/* {"args": [...], "options": {...}, "order_seed": ...}: options that decide which results there will be, for --resume to compare. */
static int config_text(const struct run *r, char **text)
{
    const struct run_opts *o = r->o;
    const struct suite_opts *s = &o->suites;
    char hash[17];
    struct json j = { 0 };
    snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)overlay_hash(r->overlay));
    json_object(&j, NULL);
    json_words(&j, "args", o->args, o->nargs);
    json_object(&j, "options");
    json_words(&j, "backend", s->backend, s->nbackend);
    json_words(&j, "device", o->device, o->ndevice);
    json_words(&j, "op", s->op, s->nop);
    json_words(&j, "entry", s->entry, s->nentry);
    json_words(&j, "tag", s->tag, s->ntag);
    if (s->filter) json_string(&j, "filter", s->filter);
    if (s->seed) json_uint(&j, "seed", *s->seed);
    if (s->nshard) json_uint(&j, "shard", s->shard);
    if (s->nshard) json_uint(&j, "of_shards", s->nshard);
    if (s->rounds) json_uint(&j, "rounds", s->rounds);
    if (o->repeat) json_uint(&j, "repeat", o->repeat);
    if (o->kernel_dir) json_string(&j, "kernel_dir", o->kernel_dir);
    if (o->kernel_dir) json_string(&j, "kernels", hash);
    json_bool(&j, "check_only", s->check_only);
    json_bool(&j, "bench_only", s->bench_only);
    json_uint(&j, "threads", o->threads);
    json_double(&j, "timeout_s", o->timeout_s);
    json_bool(&j, "shuffle", o->shuffle);
    json_end(&j);
    json_uint(&j, "order_seed", r->order_seed);
    json_end(&j);
    return json_finish(&j, text);
}

static int open_store(struct run *r, char *err, size_t errlen)
{
    const struct run_opts *o = r->o;
    char *config = NULL;
    uint64_t suite_hash = 0;
    bool timed = false;
    if (!o->db) return 0;
    for (uint32_t i = 0; i < r->cases.nsuite; i++) suite_hash = suite_hash * 31 + r->cases.suite[i]->hash;
    for (uint32_t i = 0; i < r->cases.nproblem; i++) timed |= r->cases.problem[i].block->bench.enabled;
    int rc = config_text(r, &config);
    if (rc) {
        snprintf(err, errlen, "out of memory");
        return rc;
    }
    const struct run_info info = {
        .version = MXB_VERSION, .commit = MXB_COMMIT, .branch = MXB_BRANCH, .dirty = MXB_DIRTY,
        .suite_hash = suite_hash, .binary_hash = binary_hash(), .cmdline = o->cmdline, .config_json = config, .durable = timed,
        .purpose = o->probe ? "roofline" : timed ? "bench" : "conformance" };
    rc = store_open(o->db, !o->resume, &r->store, err, errlen);
    if (rc == 0 && o->resume) rc = store_resume(r->store, o->resume, &info, r->uuid, err, errlen);
    else if (rc == 0) rc = store_begin(r->store, &info, r->uuid, err, errlen);
    free(config);
    r->begun = rc == 0;
    for (uint32_t i = 0; i < r->devices.n && rc == 0; i++) {
        const struct device *d = &r->devices.device[i];
        rc = store_get_roofline(r->store, d->be->name, &d->caps, &r->roof[i], err, errlen);
    }
    return rc;
}

/* A case that a resumed run has finished already is counted, not run. */
static bool skip_finished(void *ctx, const struct group *g, const struct bench_case *c, const struct device *d)
{
    struct run *r = ctx;
    enum mxb_status status;
    const struct result_key key = { .suite = g->bp->block->suite->name, .backend = linked_backends[c->backend]->name,
                                    .case_id = case_hash(&r->cases, c), .def_version = g->pr.op->def_version,
                                    .caps = d ? &d->caps : NULL };
    if (!store_finished(r->store, &key, &status)) return false;
    r->sum.count[status]++;
    r->sum.resumed++;
    return true;
}

/* ---- rows ---- */

static void repro_line(const struct run *r, const struct slot *s, char *out, size_t n)
{
    char inline_case[16384], dev[64] = "", word[800], dir[832] = "";
    case_inline(&r->cases, s->item, s->bad_fill, inline_case, sizeof(inline_case));
    if (s->dev && s->dev->index) snprintf(dev, sizeof(dev), " --device %s", s->dev->label);
    if (r->o->kernel_dir)
        snprintf(dir, sizeof(dir), " --kernel-dir %s", shell_quote(word, sizeof(word), r->o->kernel_dir));
    snprintf(out, n, "mlxbench run '%s'%s%s", inline_case, dev, dir);
}

static int finish_slot(void *ctx, const struct group *g, const struct slot *s, char *err, size_t errlen)
{
    struct run *r = ctx;
    char params[2048], text[2048], repro[17408], impl[256], tile[512];
    const struct measurement *const *round = (const struct measurement *const *)s->round;
    struct measurement *flat = NULL;
    params_json(g->pr.op, g->bp->params, params, sizeof(params));
    case_text(&r->cases, s->item, text, sizeof(text));
    repro_line(r, s, repro, sizeof(repro));
    plan_impl_text(s->plan, impl, sizeof(impl));
    plan_tile_text(s->plan, tile, sizeof(tile));
    if (s->nround && (flat = malloc(s->nround * sizeof(*flat))) != NULL)
        for (uint32_t i = 0; i < s->nround; i++) flat[i] = *round[i];
    struct result_row row = {
        .suite = g->bp->block->suite->name, .op = g->pr.op->name, .entry = g->bp->entry->name,
        .dtype = mxb_dtype_name(g->bp->entry->dt[0]), .params_json = params, .case_text = text,
        .case_id = case_hash(&r->cases, s->item), .seed = g->bp->seed, .def_version = g->pr.op->def_version,
        .cache = s->item->cache, .bytes = g->bytes, .flops = g->flops,
        .backend = linked_backends[s->item->backend]->name, .caps = s->dev ? &s->dev->caps : NULL, .limit_by = "",
        .impl = impl, .tile = tile,
        .status = s->status, .reason = s->reason, .err_rms = s->err_rms, .err_max = s->err_max, .compared = s->compared,
        .repro = repro, .setup_ns = s->setup_ns, .compile_ns = s->compile_ns, .first_ns = s->first_ns, .check_ns = s->check_ns,
        .oracle_ns = g->oracle_ns, .case_ns = s->case_ns, .round = flat, .nround = flat ? s->nround : 0 };
    if (s->status == ST_PASS && s->nround && s->plan && row.caps) {
        const struct roofline_limit limit = roofline_limit(&r->roof[s->dev - r->devices.device], row.caps, g->bytes, g->flops,
                                                           g->bp->entry->dt[0], (enum cache_mode)row.cache, plan_needs(s->plan));
        row.limit_ns = limit.ns;
        row.limit_by = limit.by;
        row.median_ns = s->figure.median;
        row.ci_lo_ns = s->figure.ci_lo;
        row.ci_hi_ns = s->figure.ci_hi;
        row.gbps = g->bytes / s->figure.median;
        row.gflops = g->flops / s->figure.median;
    }
    const int rc = r->store ? store_result(r->store, &row, err, errlen) : 0;
    if (r->o->probe) roofline_collect(r->o->probe, &row);
    progress_clear(&r->progress);
    if (rc == 0) {                   /* what is shown is stored */
        sinks_row(&r->sinks, &row, s->dev ? s->dev->label : row.backend, s->item);
        r->sum.count[s->status]++;
        r->failed |= status_fails_run(s->status);
    }
    free(flat);
    return rc;
}

/* ---- problems ---- */

struct headline_sink { struct run *r; char *err; size_t errlen; };

static int finish_headline(void *ctx, const struct headline *h)
{
    struct headline_sink *k = ctx;
    struct run *r = k->r;
    const int rc = r->store ? store_headline(r->store, h, k->err, k->errlen) : 0;
    progress_clear(&r->progress);
    if (rc == 0) sinks_headline(&r->sinks, h);
    return rc;
}

/* The problems of the items [first, end): one, or those of a pair. */
static int run_groups(struct run *r, struct group *g, uint32_t first, uint32_t end, char *err, size_t errlen)
{
    const struct bench_case *item = r->cases.item;
    uint32_t n = 0;
    int rc = 0;
    assert(first < end);
    for (uint32_t i = first; i < end && rc == 0; n++) {
        uint32_t next = i + 1;
        while (next < end && item[next].problem == item[i].problem) next++;
        g[n] = (struct group){ .list = &r->cases, .devices = &r->devices, .arena = &r->arena, .threads = r->o->threads,
                               .repeat = r->o->repeat, .dump = r->o->dump, .skip = r->o->resume ? skip_finished : NULL,
                               .finished = finish_slot, .ctx = r, .plant = r->o->plant, .turns = r->o->turn_fd,
                               .order_seed = r->order_seed };
        rc = group_begin(&g[n], i, next - i, err, errlen);
        i = next;
    }
    if (rc == 0) {
        progress_step(&r->progress, g->bp->entry->name);
        rc = groups_run(g, n, err, errlen);
    }
    struct headline_sink sink = { r, err, errlen };
    if (rc == 0) rc = headlines_of(g, n, finish_headline, &sink);
    if (rc == MXB_ENOMEM) snprintf(err, errlen, "out of memory");
    for (uint32_t i = 0; i < n; i++) {
        r->sum.problems++;
        r->sum.oracles += g[i].oracles;
        group_end(&g[i]);
    }
    return rc;
}

static int run_unit(struct run *r, uint32_t first, uint32_t end, char *err, size_t errlen)
{
    const uint64_t mark = arena_mark(&r->arena);
    struct group *g = calloc(end - first, sizeof(*g));
    if (!g) {
        snprintf(err, errlen, "out of memory");
        return MXB_ENOMEM;
    }
    const int rc = run_groups(r, g, first, end, err, errlen);
    r->progress.done += end - first;
    free(g);
    arena_release(&r->arena, mark);
    return rc;
}

static void collect_counts(struct run *r)
{
    for (uint32_t d = 0; d < r->devices.n && !run_interrupted; d++)
        for (uint32_t w = 0; w < MAX_ROUNDS; w++) {
            char err[MXB_ERRLEN];
            if (!(r->devices.device[d].open & 1u << w)) continue;
            struct job *j = job_simple(&r->arena, JOB_COUNTS);
            if (!j) return;
            if (device_call(&r->devices, &r->devices.device[d], w, j, err, sizeof(err)) != ST_PASS) continue;
            r->sum.compiles += j->answer->counts.compiles;
            r->sum.hits += j->answer->counts.hits;
            r->sum.compile_s += j->answer->counts.compile_ns / 1e9;
        }
}

static bool has_failed(const struct run *r)
{
    for (int s = 0; s < ST_COUNT; s++)
        if (r->sum.count[s] && status_fails_run((enum mxb_status)s)) return true;
    return false;
}

static int store_probe(struct run *r, char *err, size_t errlen)
{
    struct roofline measured;
    const struct device *d = r->devices.device;
    if (r->devices.n != 1 || !roofline_result(r->o->probe, &measured)) return 0;
    return store_add_roofline(r->store, d->be->name, &d->caps, &measured, MXB_VERSION, err, errlen);
}

/* End of the items that are run together with `first`: those of its problem, or of its pair. */
static uint32_t unit_end(const struct case_list *l, uint32_t first)
{
    const struct suite_pair *pair = l->problem[l->item[first].problem].block->pair;
    uint32_t end = first + 1;
    while (end < l->nitem && (l->item[end].problem == l->item[first].problem ||
                              (pair && l->problem[l->item[end].problem].block->pair == pair))) end++;
    return end;
}

/* First item of every unit, in the order in which they are run. */
static uint32_t *unit_order(const struct run *r, uint32_t *n)
{
    const struct case_list *l = &r->cases;
    uint32_t *first = malloc((l->nitem + 1) * sizeof(*first));
    *n = 0;
    for (uint32_t i = 0; first && i < l->nitem; i = unit_end(l, i)) first[(*n)++] = i;
    for (uint32_t i = *n; first && r->o->shuffle && i > 1; i--) {
        const uint32_t k = (uint32_t)((uint64_t)mxb_rand_u32(r->order_seed, STREAM_PROBLEMS, i) * i >> 32);
        const uint32_t t = first[i - 1];
        first[i - 1] = first[k];
        first[k] = t;
    }
    return first;
}

static int run_all(struct run *r, char *err, size_t errlen)
{
    uint32_t n, *first = unit_order(r, &n);
    int rc = first ? 0 : MXB_ENOMEM;
    if (rc) snprintf(err, errlen, "out of memory");
    else rc = sinks_begin(&r->sinks, &r->cases, &r->devices, &r->o->style, err, errlen);
    r->reporting = rc == 0;
    progress_begin(&r->progress, r->cases.nitem);
    for (uint32_t i = 0; i < n && rc == 0 && !run_interrupted; i++) {
        rc = run_unit(r, first[i], unit_end(&r->cases, first[i]), err, errlen);
        if (r->o->fail_fast && r->failed) {
            r->sum.not_run = r->cases.nitem - r->progress.done;
            break;
        }
    }
    free(first);
    progress_clear(&r->progress);
    collect_counts(r);
    if (rc == 0 && r->o->probe && r->store && !run_interrupted) rc = store_probe(r, err, errlen);
    return rc;
}

static int exit_code(const struct run *r)
{
    if (r->sum.interrupted) return 128 + run_interrupted;
    return has_failed(r) ? EXIT_WRONG : EXIT_FINE;
}

static int run_phases(struct run *r, char *err, size_t errlen)
{
    int rc = open_devices(r, err, errlen);
    if (rc == 0 && !run_interrupted) rc = open_store(r, err, errlen);
    if (rc == 0 && !run_interrupted) rc = run_all(r, err, errlen);
    return rc;
}

int run_suites(const struct run_opts *o)
{
    struct run r = { .o = o, .sinks = o->sinks };
    char err[MXB_ERRLEN] = "";
    const double t0 = wall_seconds();
    if (o->turn_fd) turn_await(o->turn_fd);
    if (getrandom(&r.order_seed, sizeof(r.order_seed), 0) != (ssize_t)sizeof(r.order_seed))
        r.order_seed = (uint64_t)getpid();
    int rc = o->kernel_dir ? overlay_read(o->kernel_dir, &r.overlay, err, sizeof(err)) : 0;
    if (rc == 0) rc = suites_load(o->path, o->npath, &o->suites, &r.cases, err, sizeof(err));
    if (rc) overlay_free(r.overlay);
    if (rc) return complain(rc, err);
    rc = run_phases(&r, err, sizeof(err));
    r.sum.interrupted = run_interrupted != 0;
    int code = rc && !r.sum.interrupted ? complain(rc, err) : EXIT_FINE;
    r.sum.wall_s = wall_seconds() - t0;
    r.sum.db_path = o->db;
    r.sum.run_uuid = r.begun ? r.uuid : "";
    if (r.sum.interrupted) devices_kill(&r.devices);
    devices_stop(&r.devices);
    const char *state = rc || r.sum.interrupted || r.sum.not_run ? "aborted" : "complete";
    if (r.begun && store_end(r.store, state, err, sizeof(err)) && code == EXIT_FINE)
        code = complain(MXB_EDB, err);
    store_close(r.store);
    if (sinks_end(&r.sinks, r.reporting ? &r.sum : NULL, err, sizeof(err)) && code == EXIT_FINE) code = complain(MXB_EINVAL, err);
    temp_end(&r.temp);
    arena_free(&r.arena);
    suites_free(&r.cases);
    overlay_free(r.overlay);
    return code ? code : exit_code(&r);
}
