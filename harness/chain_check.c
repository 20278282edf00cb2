/* Is a chain right: each step on the inputs that it really read, then what the suite claims of its tensors (chain.h).
 */
#include "harness/chain_agree.h"
#include "harness/text.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static void fail(struct chain_judgement *j, enum mxb_status status, const char *step, const char *text)
{
    j->status = status;
    snprintf(j->text, sizeof(j->text), "%s: %.*s", step, MXB_ERRLEN - 80, text);
}

/* ---- steps ---- */

static void check_step(const struct plan *head, uint32_t k, void *const *stored, void *const *out,
                       const struct chain_check_opts *o, struct chain_judgement *j, struct check_report *r)
{
    const struct plan *p = plan_at(head, k);
    void *in[MXB_MAX_BIND] = { NULL };
    struct item_set items = { 0 };
    struct oracle oracle = { 0 };
    char err[MXB_ERRLEN];
    for (uint32_t t = 0; t < p->pr.op->ntensor; t++)
        if (problem_reads(&p->pr, t)) in[t] = (void *)(uintptr_t)plan_content(head, k, t, stored, out);
    int rc = item_set_make(&p->pr, o->sampled, &items, err, sizeof(err));
    if (rc == 0) rc = oracle_run(&p->pr, in, &items, o->threads, &oracle, err, sizeof(err));
    *r = (struct check_report){ .status = ST_PASS };
    if (rc == 0) check_impl(&p->pr, &oracle, &items, out + plan_tensor(k, 0), p->impl, o->tolerance, r);
    if (rc)
        fail(j, ST_ERROR, p->name, err);
    else if (r->status != ST_PASS)
        fail(j, r->status, p->name, r->text);
    oracle_free(&oracle);
    item_set_free(&items);
}

/* ---- claims ---- */

static const char *ref_name(const struct chain *c, struct chain_ref ref, char out[CHAIN_NAME + 64])
{
    snprintf(out, CHAIN_NAME + 64, "%s.%.60s", c->step[ref.step].name, c->step[ref.step].op->tensor[ref.tensor].name);
    return out;
}

/* The tensor after its step. */
static const void *content(const struct plan *head, struct chain_ref ref, void *const *stored, void *const *out)
{
    const bool writes = problem_writes(&plan_at(head, ref.step)->pr, ref.tensor);
    return writes ? out[plan_tensor(ref.step, ref.tensor)] : plan_content(head, ref.step, ref.tensor, stored, out);
}

static void check_agree(const struct chain *c, const struct chain_claim *l, const struct plan *head,
                        void *const *stored, void *const *out, const struct chain_check_opts *o,
                        struct chain_judgement *j, struct text *figures)
{
    struct agreement a;
    char err[MXB_ERRLEN], of[CHAIN_NAME + 64], to[CHAIN_NAME + 64], place[160], text[MXB_ERRLEN];
    if (chain_agree(head, l->of, l->to, stored, out, o->threads, o->tolerance, &a, err, sizeof(err))) {
        fail(j, ST_ERROR, "agree", err);
        return;
    }
    j->err_rms = fmax(j->err_rms, a.rms);
    j->err_max = fmax(j->err_max, a.max);
    j->compared += a.n;
    text_putf(figures, "; %s agrees within %.3g sigma", ref_name(c, l->of, of), a.max);
    if (a.bad == 0 && a.rms <= CHECK_GATE_RMS * o->tolerance) return;
    check_place(&plan_at(head, l->of.step)->pr, l->of.tensor, a.at, place, sizeof(place));
    snprintf(text, sizeof(text),
             "%s and %s: %s is %.9g and %.9g (%.3g sigma, rms %.3g), %" PRIu64 " of %" PRIu64 " too far apart",
             ref_name(c, l->of, of), ref_name(c, l->to, to), place, a.a, a.b, a.max, a.rms, a.bad, a.n);
    fail(j, ST_FAIL, "agree", text);
}

static void check_bits(const struct chain *c, const struct chain_claim *l, const struct plan *head, void *const *stored,
                       void *const *out, struct chain_judgement *j)
{
    const struct mxb_problem *pr = &plan_at(head, l->of.step)->pr;
    const enum mxb_dtype dt = pr->dtype[l->of.tensor];
    const size_t size = mxb_dtype_size(dt);
    const char *a = content(head, l->of, stored, out), *b = content(head, l->to, stored, out);
    const uint64_t n = pr->nelem[l->of.tensor];
    uint64_t bad = 0, at = 0;
    for (uint64_t i = 0; i < n; i++)
        if (memcmp(a + i * size, b + i * size, size) != 0 && bad++ == 0) at = i;
    j->compared += n;
    if (bad == 0) return;
    char of[CHAIN_NAME + 64], to[CHAIN_NAME + 64], place[160], text[MXB_ERRLEN];
    check_place(pr, l->of.tensor, at, place, sizeof(place));
    snprintf(text, sizeof(text), "%s and %s: %s is %.9g and %.9g, %" PRIu64 " of %" PRIu64 " differ in bits",
             ref_name(c, l->of, of), ref_name(c, l->to, to), place, mxb_load(dt, a, at), mxb_load(dt, b, at), bad, n);
    fail(j, ST_FAIL, "same_bits", text);
}

/* Root mean square of the difference over that of `to`. */
static double nrmse(const struct chain_claim *l, const struct plan *head, void *const *stored, void *const *out)
{
    const struct mxb_problem *pa = &plan_at(head, l->of.step)->pr, *pb = &plan_at(head, l->to.step)->pr;
    const void *a = content(head, l->of, stored, out), *b = content(head, l->to, stored, out);
    double diff2 = 0, value2 = 0;
    for (uint64_t i = 0; i < pa->nelem[l->of.tensor]; i++) {
        const double x = mxb_load(pa->dtype[l->of.tensor], a, i), y = mxb_load(pb->dtype[l->to.tensor], b, i);
        diff2 += (x - y) * (x - y);
        value2 += y * y;
    }
    return sqrt(diff2 / value2);
}

static void check_nrmse(const struct chain *c, const struct chain_claim *l, const struct plan *head,
                        void *const *stored, void *const *out, struct chain_judgement *j, struct text *figures)
{
    const double e = nrmse(l, head, stored, out);
    char of[CHAIN_NAME + 64], to[CHAIN_NAME + 64], text[MXB_ERRLEN], bounds[64];
    j->compared += plan_at(head, l->of.step)->pr.nelem[l->of.tensor];
    text_putf(figures, "; nrmse of %s %.4g", ref_name(c, l->of, of), e);
    if (e >= l->min && e <= l->max) return;
    if (l->min > 0)
        snprintf(bounds, sizeof(bounds), "from %g to %g are", l->min, l->max);
    else
        snprintf(bounds, sizeof(bounds), "at most %g is", l->max);
    snprintf(text, sizeof(text), "%s against %s is %.4g, %s allowed", ref_name(c, l->of, of), ref_name(c, l->to, to), e,
             bounds);
    fail(j, ST_FAIL, "nrmse", text);
}

/* ---- the whole ---- */

void chain_check(const struct chain *c, const struct plan *head, void *const *stored, void *const *out,
                 const struct chain_check_opts *o, struct chain_judgement *j)
{
    const uint32_t n = plan_length(head);
    const char *worst = head->name; /* of equally good ones the first */
    char text[MXB_ERRLEN];
    struct text figures = text_begin(text, sizeof(text));
    double most = 0;
    *j = (struct chain_judgement){ .status = ST_PASS };
    for (uint32_t k = 0; k < n && j->status == ST_PASS; k++) {
        struct check_report r;
        check_step(head, k, stored, out, o, j, &r);
        j->err_rms = fmax(j->err_rms, r.err_rms);
        j->err_max = fmax(j->err_max, r.err_max);
        j->compared += r.compared;
        const double gates = fmax(r.err_rms / CHECK_GATE_RMS, r.err_max / CHECK_GATE_MAX);
        if (gates > most) worst = plan_at(head, k)->name;
        most = fmax(most, gates);
    }
    for (uint32_t i = 0; o->claims && i < c->nclaim && j->status == ST_PASS; i++) {
        const struct chain_claim *l = &c->claim[i];
        if (l->of.step >= n || l->to.step >= n) continue; /* of a step that is not timed */
        switch (l->kind) {
        case CLAIM_AGREE: check_agree(c, l, head, stored, out, o, j, &figures); break;
        case CLAIM_SAME_BITS: check_bits(c, l, head, stored, out, j); break;
        case CLAIM_NRMSE: check_nrmse(c, l, head, stored, out, j, &figures); break;
        }
    }
    if (j->status == ST_PASS) snprintf(j->text, sizeof(j->text), "worst step: %s%.400s", worst, text);
}
