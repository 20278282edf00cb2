/* What comes before the gate's first process: suites, devices, rows, database; and what the programs are told. */
#include "harness/gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "harness/problem.h"
#include "harness/provenance.h"

/* Of one case in one process: processes are the sample, so many short ones are better than few long ones, but starting
 * one should cost no more than a quarter of the time. */
static const double MIN_TIME_NS = 20e6, MAX_TIME_NS = 80e6;

/* One round, short: pairs.c makes the rounds. */
static void shorten(struct case_list *l)
{
    for (uint32_t s = 0; s < l->nsuite; s++)
        for (uint32_t b = 0; b < l->suite[s]->nblock; b++) {
            struct bench_opts *o = &l->suite[s]->block[b].bench;
            o->rounds = 1;
            o->max_time_ns = fmin(o->max_time_ns, MAX_TIME_NS);
            o->min_time_ns = fmin(o->min_time_ns, fmin(MIN_TIME_NS, o->max_time_ns));
        }
}

static int probe(struct gate *g, char *err, size_t errlen)
{
    const struct run_opts *o = g->o->run;
    uint32_t mask = 0;
    for (uint32_t i = 0; i < g->cases.nitem; i++) mask |= 1u << g->cases.item[i].backend;
    int rc = arena_new(&g->arena);
    if (rc) {
        snprintf(err, errlen, "cannot reserve shared memory");
        return rc;
    }
    g->devices = (struct device_list){ .base = { .open = { .threads = o->threads } },
                                       .arena = &g->arena,
                                       .timeout_s = o->timeout_s };
    rc = devices_probe(&g->devices, mask, err, errlen);
    if (rc == 0) rc = devices_select(&g->devices, o->device, o->ndevice, err, errlen);
    const uint32_t n = g->devices.n;
    devices_stop(&g->devices);                       /* their workers; what they are stays known */
    g->devices.n = n;
    return rc;
}

static int add_row(struct gate *g, const struct bench_case *c, const struct device *d)
{
    const struct bench_problem *pr = &g->cases.problem[c->problem];
    struct gate_row *r = &g->row[g->nrow++];
    *r = (struct gate_row){ .item = c, .dev = d, .timed = pr->block->bench.enabled, .method = "check",
                            .min_effect = pr->block->bench.min_effect, .q = NAN };
    const int n = case_inline(&g->cases, c, -1, NULL, 0);
    r->text = malloc((size_t)n + 1);
    if (!r->text) return MXB_ENOMEM;
    case_inline(&g->cases, c, -1, r->text, (size_t)n + 1);
    case_text(&g->cases, c, r->name, sizeof r->name);
    snprintf(r->id, sizeof r->id, "%010llx", (unsigned long long)(case_hash(&g->cases, c) >> 24));
    snprintf(r->label, sizeof r->label, "%s", d ? d->label : linked_backends[c->backend]->name);
    return 0;
}

/* A row for every case and device. */
static int make_rows(struct gate *g)
{
    int rc = 0;
    g->row = calloc((size_t)g->cases.nitem * (g->devices.n + 1) + 1, sizeof *g->row);
    if (!g->row) return MXB_ENOMEM;
    for (uint32_t i = 0; i < g->cases.nitem && rc == 0; i++) {
        const struct bench_case *c = &g->cases.item[i];
        bool any = false;
        for (uint32_t d = 0; d < g->devices.n && rc == 0; d++) {
            if (g->devices.device[d].backend != c->backend) continue;
            rc = add_row(g, c, &g->devices.device[d]);
            any = true;
        }
        if (!any && *g->devices.missing[c->backend] && rc == 0) rc = add_row(g, c, NULL);
    }
    return rc;
}

static int open_store(struct gate *g, const char *purpose, char *err, size_t errlen)
{
    const struct run_opts *o = g->o->run;
    char config[256];
    uint64_t suite_hash = 0;
    if (!o->db) return 0;
    for (uint32_t i = 0; i < g->cases.nsuite; i++) suite_hash = suite_hash * 31 + g->cases.suite[i]->hash;
    snprintf(config, sizeof config, "{\"order_seed\":%llu,\"rule\":\"%s\"}", (unsigned long long)g->seed, AB_RULE);
    const struct run_info info = { .version = MXB_VERSION,
                                   .commit = MXB_COMMIT,
                                   .branch = MXB_BRANCH,
                                   .dirty = MXB_DIRTY,
                                   .suite_hash = suite_hash,
                                   .binary_hash = file_hash(g->o->candidate),
                                   .cmdline = o->cmdline,
                                   .purpose = purpose,
                                   .config_json = config,
                                   .durable = true };
    int rc = store_open(o->db, true, &g->store, err, errlen);
    if (rc == 0) rc = store_begin(g->store, &info, g->uuid, err, errlen);
    return rc;
}

int gate_kernels(const struct gate *g, uint64_t *hash, char *err, size_t errlen)
{
    struct overlay *over = NULL;
    const int rc = g->o->run->kernel_dir ? overlay_read(g->o->run->kernel_dir, &over, err, errlen) : 0;
    *hash = overlay_hash(over);
    overlay_free(over);
    return rc;
}

int gate_open(struct gate *g, const char *purpose, char *err, size_t errlen)
{
    const struct run_opts *o = g->o->run;
    if (getrandom(&g->seed, sizeof g->seed, 0) != (ssize_t)sizeof g->seed) g->seed = (uint64_t)getpid();
    g->seconds = -wall_seconds();
    int rc = gate_kernels(g, &g->kernels, err, errlen);
    if (rc == 0) rc = suites_load(o->path, o->npath, &o->suites, &g->cases, err, errlen);
    if (rc) return rc;
    shorten(&g->cases);
    rc = probe(g, err, errlen);
    if (rc == 0 && make_rows(g)) {
        snprintf(err, errlen, "out of memory");
        rc = MXB_ENOMEM;
    }
    if (rc == 0 && g->nrow == 0) {
        snprintf(err, errlen, "no case has a device here");
        rc = MXB_EINVAL;
    }
    if (rc == 0) rc = open_store(g, purpose, err, errlen);
    return rc;
}

void gate_close(struct gate *g, int rc)
{
    char ignored[MXB_ERRLEN];
    if (g->store && *g->uuid) store_end(g->store, rc ? "aborted" : "complete", ignored, sizeof ignored);
    store_close(g->store);
    for (uint32_t i = 0; i < g->nrow; i++) free(g->row[i].text);
    free(g->row);
    free(g->trial);
    arena_free(&g->arena);
    suites_free(&g->cases);
}

static uint32_t add_list(const char **option, uint32_t n, uint32_t max, const char *name, const char *const *value,
                         uint32_t nvalue)
{
    for (uint32_t i = 0; i < nvalue && n + 2 <= max; i++) {
        option[n++] = name;
        option[n++] = value[i];
    }
    return n;
}

uint32_t gate_options(const struct gate *g, const char **option, uint32_t max, bool selection)
{
    static char number[6][32];                       /* borrowed until the next call */
    const struct run_opts *o = g->o->run;
    const struct suite_opts *s = &o->suites;
    uint32_t n = 0;
    const char *value = number[0];
    snprintf(number[0], sizeof number[0], "%g", o->timeout_s);
    n = add_list(option, n, max, "--timeout", &value, 1);
    value = number[1];
    snprintf(number[1], sizeof number[1], "%u", o->threads);
    if (o->threads) n = add_list(option, n, max, "--threads", &value, 1);
    if (!selection) return n;
    n = add_list(option, n, max, "--device", o->device, o->ndevice);
    n = add_list(option, n, max, "--backend", s->backend, s->nbackend);
    n = add_list(option, n, max, "--op", s->op, s->nop);
    n = add_list(option, n, max, "--entry", s->entry, s->nentry);
    n = add_list(option, n, max, "--tag", s->tag, s->ntag);
    n = add_list(option, n, max, "--filter", &s->filter, s->filter != NULL);
    value = number[2];
    if (s->seed) snprintf(number[2], sizeof number[2], "%llu", (unsigned long long)*s->seed);
    n = add_list(option, n, max, "--seed", &value, s->seed != NULL);
    value = number[3];
    snprintf(number[3], sizeof number[3], "%u/%u", s->shard, s->nshard);
    n = add_list(option, n, max, "--shard", &value, s->nshard != 0);
    value = number[4];
    snprintf(number[4], sizeof number[4], "%u", s->rounds);
    return add_list(option, n, max, "--rounds", &value, s->rounds != 0);
}

void gate_identity(const struct gate *g, const struct gate_row *r, char *params, size_t n, char *text, size_t textlen,
                   struct result_row *out)
{
    const struct bench_problem *bp = &g->cases.problem[r->item->problem];
    const struct mxb_op *op = bp->block->op;
    struct mxb_problem pr;
    char ignored[MXB_ERRLEN];
    params_json(op, bp->params, params, n);
    case_text(&g->cases, r->item, text, textlen);
    *out = (struct result_row){ .suite = bp->block->suite->name,
                                .op = op->name,
                                .entry = bp->entry->name,
                                .dtype = mxb_dtype_name(bp->entry->dt[0]),
                                .params_json = params,
                                .repro = "",
                                .case_text = text,
                                .case_id = case_hash(&g->cases, r->item),
                                .seed = bp->seed,
                                .def_version = op->def_version,
                                .cache = r->item->cache,
                                .backend = linked_backends[r->item->backend]->name,
                                .caps = r->dev ? &r->dev->caps : NULL };
    if (problem_init(&pr, op, bp->entry, bp->params, bp->seed, MXB_FILL_NORMAL, ignored, sizeof ignored)) return;
    out->flops = op->flops ? op->flops(&pr) : 0;
    out->bytes = problem_min_bytes(&pr);
}
