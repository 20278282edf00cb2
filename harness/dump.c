/* `mlxbench dump` (dump.h). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "harness/dump.h"
#include "harness/json.h"
#include "harness/npy.h"

/* "vulkan0.tiled.BQ=32,BK=16" */
static void slot_name(const struct slot *s, char *out, size_t n)
{
    char impl[96], tile[128];
    plan_impl_text(s->plan, impl, sizeof(impl));
    plan_tile_text(s->plan, tile, sizeof(tile));
    snprintf(out, n, "%s%d.%s%s%s", s->dev->be->name, s->dev->index, impl, *tile ? "." : "", tile);
    for (char *p = out; *p; p++)
        if (*p == ' ') *p = ',';
}

static void json_tensor(struct json *j, const struct mxb_problem *pr, uint32_t t, const char *name, const char *file,
                        const char *kind, const uint64_t *dim, uint32_t ndim)
{
    json_object(j, NULL);
    json_string(j, "tensor", name);
    json_string(j, "kind", kind);
    json_string(j, "file", file);
    json_string(j, "stored_dtype", mxb_dtype_name(pr->dtype[t]));
    json_array(j, "shape");
    for (uint32_t i = 0; i < ndim; i++) json_uint(j, NULL, dim[i]);
    json_end(j);
    json_end(j);
}

struct dump_ctx { const struct group *g; const struct plan *plan; const char *slot; struct json *j; char *err; size_t errlen; };

static int dump_tensor(const struct dump_ctx *d, uint32_t t, const void *stored, const double *oracle, const void *out)
{
    const struct mxb_problem *pr = &d->plan->pr;
    uint64_t dim[PROBLEM_MAX_DIM];
    uint32_t ndim;
    char name[128], file[384], path[4096];
    int rc = problem_shape(pr, t, &d->plan->scope, dim, &ndim, d->err, d->errlen);
    snprintf(name, sizeof(name), "%s%s%s", d->plan->name, *d->plan->name ? "." : "", pr->op->tensor[t].name);
    if (rc == 0 && stored) {
        snprintf(file, sizeof(file), "%s.npy", name);
        snprintf(path, sizeof(path), "%s/%s", d->g->dump, file);
        rc = npy_write(path, pr->dtype[t], dim, ndim, stored, d->err, d->errlen);
        json_tensor(d->j, pr, t, name, file, "input", dim, ndim);
    }
    if (rc == 0 && oracle) {
        snprintf(file, sizeof(file), "%s.oracle.npy", name);
        snprintf(path, sizeof(path), "%s/%s", d->g->dump, file);
        rc = npy_write_double(path, dim, ndim, oracle, d->err, d->errlen);
        json_tensor(d->j, pr, t, name, file, "oracle", dim, ndim);
    }
    if (rc == 0 && out) {
        snprintf(file, sizeof(file), "%s.%s.npy", name, d->slot);
        snprintf(path, sizeof(path), "%s/%s", d->g->dump, file);
        rc = npy_write(path, pr->dtype[t], dim, ndim, out, d->err, d->errlen);
        json_tensor(d->j, pr, t, name, file, "output", dim, ndim);
    }
    return rc;
}

static int dump_plan(const struct dump_ctx *d, void *const *stored, const struct oracle *o, void *const *out)
{
    const struct mxb_problem *pr = &d->plan->pr;
    int rc = 0;
    for (uint32_t t = 0; t < pr->op->ntensor && rc == 0; t++) {
        const bool reads = problem_reads(pr, t), writes = problem_writes(pr, t);
        if (!reads && !writes) continue;
        rc = dump_tensor(d, t, reads && !d->plan->from[t] ? stored[t] : NULL, writes && o ? o->t[t].v : NULL,
                         writes ? out[t] : NULL);
    }
    return rc;
}

static void json_head(struct json *j, const struct group *g, const struct slot *s, enum mxb_fill f)
{
    static const char *const fill[MXB_NFILL] = { "normal", "exact", "needle", "large", "probe" };
    char params[2048], impl[256], tile[512];
    params_json(g->pr.op, g->bp->params, params, sizeof(params));
    plan_impl_text(s->plan, impl, sizeof(impl));
    plan_tile_text(s->plan, tile, sizeof(tile));
    json_string(j, "op", g->pr.op->name);
    json_string(j, "entry", g->pr.entry->name);
    json_raw(j, "params", params);
    json_uint(j, "seed", g->pr.seed);
    json_string(j, "fill", fill[f]);
    json_string(j, "backend", s->dev->be->name);
    json_string(j, "device", s->dev->caps.name);
    json_string(j, "impl", impl);
    json_string(j, "tile", tile);
}

void dump_slot(struct group *g, struct slot *s, const struct job *job, const struct oracle *o)
{
    char slot[256], path[4096], err[MXB_ERRLEN] = "";
    slot_name(s, slot, sizeof(slot));
    if (mkdir(g->dump, 0777) && errno != EEXIST) {
        s->status = ST_ERROR;
        snprintf(s->reason, sizeof(s->reason), "--out %.300s: %s", g->dump, strerror(errno));
        return;
    }
    snprintf(path, sizeof(path), "%s/%s.json", g->dump, g->nslot == 1 ? "case" : slot);
    FILE *f = fopen(path, "w");
    if (!f) {
        s->status = ST_ERROR;
        snprintf(s->reason, sizeof(s->reason), "%.300s: %s", path, strerror(errno));
        return;
    }
    struct json j = { .file = f, .indent = 2 };
    uint32_t k = 0;
    int rc = 0;
    json_object(&j, NULL);
    json_head(&j, g, s, job->plan->pr.fill);
    json_array(&j, "tensors");
    for (const struct plan *p = job->plan; p && rc == 0; p = p->next, k++) {
        const struct dump_ctx d = { g, p, slot, &j, err, sizeof(err) };
        rc = dump_plan(&d, job->stored + plan_tensor(k, 0), g->steps ? NULL : o, job->out + plan_tensor(k, 0));
    }
    json_end(&j);
    json_end(&j);
    if (json_finish(&j, NULL) && rc == 0) rc = MXB_EINVAL;
    fputc('\n', f);
    if (fclose(f) != 0 && rc == 0) rc = MXB_EINVAL;
    if (rc == 0) return;
    s->status = ST_ERROR;
    snprintf(s->reason, sizeof(s->reason), "dump: %.480s", *err ? err : strerror(errno));
}
