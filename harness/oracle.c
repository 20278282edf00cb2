/* Runs an op's double-precision reference on the decoded inputs, on all cores. */
#include "harness/dtype.h"
#include "harness/parallel.h"
#include "harness/problem.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DECODE_CHUNK = 1 << 16, ITEM_CHUNKS = 2048 };

struct decode_job { enum mxb_dtype dtype; const void *stored; double *out; };

static void decode_chunk(void *ctx, uint64_t begin, uint64_t end)
{
    const struct decode_job *j = ctx;
    dtype_decode(j->dtype, j->stored, begin, end - begin, j->out + begin);
}

struct item_job { const struct mxb_problem *pr; const struct item_set *set; const struct mxb_ref *t; };

static void run_items(void *ctx, uint64_t begin, uint64_t end)
{
    const struct item_job *j = ctx;
    if (!j->set->pick) {
        j->pr->op->reference(j->pr, j->t, (int64_t)begin, (int64_t)end);
        return;
    }
    for (uint64_t i = begin; i < end; i++)
        j->pr->op->reference(j->pr, j->t, j->set->pick[i], j->set->pick[i] + 1);
}

static bool narrows(const struct mxb_op *op)
{
    for (uint32_t i = 0; i < op->nimpl; i++)
        if (op->impl[i].narrow) return true;
    return false;
}

static bool sums_short(const struct mxb_op *op)
{
    for (uint32_t i = 0; i < op->nimpl; i++)
        if (op->impl[i].short_sums) return true;
    return false;
}

/* Bytes that oracle_run will touch: whole inputs, and of the outputs the items asked for. */
static double bytes_needed(const struct mxb_problem *pr, const struct item_set *set)
{
    const double share = set->pick ? (double)set->npick / (double)set->items : 1;
    double sum = 0;
    for (uint32_t t = 0; t < pr->op->ntensor; t++)
        sum += (double)pr->nelem[t] * sizeof(double) *
               ((problem_reads(pr, t) ? 1 : 0) + (problem_writes(pr, t) ? (3 + narrows(pr->op) + sums_short(pr->op)) * share : 0));
    return sum;
}

/* Zeroed pages cost nothing until they are written, so sampled outputs stay whole arrays. */
static double *new_array(uint64_t n)
{
    return n <= SIZE_MAX / sizeof(double) ? calloc(n, sizeof(double)) : NULL;
}

static int alloc_tensor(const struct mxb_problem *pr, uint32_t t, struct mxb_ref *r)
{
    const bool writes = problem_writes(pr, t), scaled = pr->op->tensor[t].tol == MXB_TOL_SIGMA;
    const bool narrow = writes && scaled && narrows(pr->op), sums = writes && scaled && sums_short(pr->op);
    if (!writes && !problem_reads(pr, t))
        return 0;
    r->v = new_array(pr->nelem[t]);
    if (writes && scaled)
        r->p = new_array(pr->nelem[t]);
    if (writes)
        r->x = new_array(pr->nelem[t]);
    if (narrow)
        r->n = new_array(pr->nelem[t]);
    if (sums)
        r->h = new_array(pr->nelem[t]);
    return r->v && (!writes || (r->x && (r->p || !scaled) && (r->n || !narrow) && (r->h || !sums))) ? 0 : MXB_ENOMEM;
}

int oracle_run(const struct mxb_problem *pr, void *const *stored, const struct item_set *set, uint32_t threads,
               struct oracle *out, char *err, size_t errlen)
{
    const double memory = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    const double need = bytes_needed(pr, set);
    *out = (struct oracle){ 0 };
    /* Linux would promise the memory and kill the process on use, so ask first. */
    bool enough = need < 0.9 * memory;
    for (uint32_t t = 0; enough && t < pr->op->ntensor; t++)
        enough = alloc_tensor(pr, t, &out->t[t]) == 0;
    if (!enough) {
        snprintf(err, errlen, "the reference needs %.1f GiB, the machine has %.1f GiB", need * 0x1p-30,
                 memory * 0x1p-30);
        oracle_free(out);
        return MXB_ENOMEM;
    }
    for (uint32_t t = 0; t < pr->op->ntensor; t++)
        if (problem_reads(pr, t)) {
            struct decode_job j = { pr->dtype[t], stored[t], out->t[t].v };
            parallel_for(pr->nelem[t], DECODE_CHUNK, threads, decode_chunk, &j);
        }
    const uint64_t n = set->pick ? set->npick : (uint64_t)set->items;
    struct item_job j = { pr, set, out->t };
    parallel_for(n, n / ITEM_CHUNKS + 1, threads, run_items, &j);
    return 0;
}

void oracle_free(struct oracle *o)
{
    if (!o)
        return;
    for (uint32_t t = 0; t < MXB_MAX_BIND; t++) {
        free(o->t[t].v);
        free(o->t[t].p);
        free(o->t[t].x);
        free(o->t[t].n);
        free(o->t[t].h);
    }
    *o = (struct oracle){ 0 };
}
