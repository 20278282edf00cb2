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
    snprintf(out, n, "%s%d.%s%s%s", s->dev->be->name, s->dev->index, s->plan->impl->name, *s->plan->tile_text ? "." : "",
             s->plan->tile_text);
    for (char *p = out; *p; p++)
        if (*p == ' ') *p = ',';
}

static void json_tensor(struct json *j, const struct mxb_problem *pr, uint32_t t, const char *file, const char *kind,
                        const uint64_t *dim, uint32_t ndim)
{
    json_object(j, NULL);
    json_string(j, "tensor", pr->op->tensor[t].name);
    json_string(j, "kind", kind);
    json_string(j, "file", file);
    json_string(j, "stored_dtype", mxb_dtype_name(pr->dtype[t]));
    json_array(j, "shape");
    for (uint32_t i = 0; i < ndim; i++) json_uint(j, NULL, dim[i]);
    json_end(j);
    json_end(j);
}

struct dump_ctx { const struct group *g; const struct mxb_problem *pr; const char *slot; struct json *j; char *err; size_t errlen; };

static int dump_tensor(const struct dump_ctx *d, uint32_t t, const struct scope *tiles, const void *stored, const double *oracle,
                       const void *out)
{
    const char *name = d->pr->op->tensor[t].name;
    uint64_t dim[PROBLEM_MAX_DIM];
    uint32_t ndim;
    char file[256], path[4096];
    int rc = problem_shape(d->pr, t, tiles, dim, &ndim, d->err, d->errlen);
    if (rc == 0 && stored) {
        snprintf(file, sizeof(file), "%s.npy", name);
        snprintf(path, sizeof(path), "%s/%s", d->g->dump, file);
        rc = npy_write(path, d->pr->dtype[t], dim, ndim, stored, d->err, d->errlen);
        json_tensor(d->j, d->pr, t, file, "input", dim, ndim);
    }
    if (rc == 0 && oracle) {
        snprintf(file, sizeof(file), "%s.oracle.npy", name);
        snprintf(path, sizeof(path), "%s/%s", d->g->dump, file);
        rc = npy_write_double(path, dim, ndim, oracle, d->err, d->errlen);
        json_tensor(d->j, d->pr, t, file, "oracle", dim, ndim);
    }
    if (rc == 0 && out) {
        snprintf(file, sizeof(file), "%s.%s.npy", name, d->slot);
        snprintf(path, sizeof(path), "%s/%s", d->g->dump, file);
        rc = npy_write(path, d->pr->dtype[t], dim, ndim, out, d->err, d->errlen);
        json_tensor(d->j, d->pr, t, file, "output", dim, ndim);
    }
    return rc;
}

static void json_head(struct json *j, const struct group *g, const struct slot *s, const struct mxb_problem *pr)
{
    static const char *const fill[MXB_NFILL] = { "normal", "exact", "needle", "large", "probe" };
    char params[2048];
    params_json(pr->op, g->bp->params, params, sizeof(params));
    json_string(j, "op", pr->op->name);
    json_string(j, "entry", pr->entry->name);
    json_raw(j, "params", params);
    json_uint(j, "seed", pr->seed);
    json_string(j, "fill", fill[pr->fill]);
    json_string(j, "backend", s->dev->be->name);
    json_string(j, "device", s->dev->caps.name);
    json_string(j, "impl", s->plan->impl->name);
    json_string(j, "tile", s->plan->tile_text);
}

void dump_slot(struct group *g, struct slot *s, const struct mxb_problem *pr, void *const *stored, const struct oracle *o,
               void *const *out)
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
    const struct dump_ctx d = { g, pr, slot, &j, err, sizeof(err) };
    int rc = 0;
    json_object(&j, NULL);
    json_head(&j, g, s, pr);
    json_array(&j, "tensors");
    for (uint32_t t = 0; t < pr->op->ntensor && rc == 0; t++) {
        if (!problem_reads(pr, t) && !problem_writes(pr, t)) continue;
        rc = dump_tensor(&d, t, &s->plan->scope, problem_reads(pr, t) ? stored[t] : NULL,
                         problem_writes(pr, t) && o ? o->t[t].v : NULL, problem_writes(pr, t) ? out[t] : NULL);
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
