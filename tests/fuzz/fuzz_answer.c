/* Fuzzes what a worker may answer: whatever a kernel wrote into the window of its job or into the channel, the parent
 * refuses it, or can use it: texts end, counts are in range, times are times that the database takes.
 *
 * The input is one byte that chooses the kind of job, then what a kernel gone astray writes into a good answer: a byte
 * for the part (answer, timing, devices, message, its length), two for the place, one for the length, the bytes. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/note.h"
#include "harness/store.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

enum { SAMPLES = 40, NOTE_ROOM = 64 };

struct window {
    struct answer answer;
    struct measurement timing;
    struct mxb_caps caps[WORKER_MAX_DEVICES];
    union { struct note note; unsigned char byte[NOTE_ROOM]; } message;
    size_t message_bytes;
};

/* The summary of the samples is made once for all inputs. */
static const struct window *good_answer(void)
{
    static struct window good, *w;
    if (w) return w;
    w = &good;
    w->answer.ndevice = 2;
    struct measurement *m = &w->timing;
    m->n = SAMPLES;
    m->batch = 1;
    m->clock = 'd';
    strcpy(m->stop_reason, "interval");
    for (int i = 0; i < SAMPLES; i++) {
        m->ns[i] = 1000 + i % 7;
        m->host_ns[i] = 2000 + i % 5;
    }
    if (summarize(m->ns, m->n, &m->s)) abort();
    return w;
}

static void write_astray(struct window *w, const unsigned char *data, size_t n)
{
    struct { void *at; size_t bytes; } const part[] = {
        { &w->answer, sizeof w->answer }, { &w->timing, sizeof w->timing }, { w->caps, sizeof w->caps },
        { &w->message, sizeof w->message }, { &w->message_bytes, 1 } };
    while (n >= 4) {
        const size_t p = data[0] % MXB_COUNT(part), at = (data[1] | (size_t)data[2] << 8) % part[p].bytes;
        size_t len = data[3];
        data += 4, n -= 4;
        if (len > n) len = n;
        if (len > part[p].bytes - at) len = part[p].bytes - at;
        memcpy((unsigned char *)part[p].at + at, data, len);
        data += len, n -= len;
    }
}

static void expect_text(const char *text, size_t room) { assert(memchr(text, 0, room)); }

static void expect_time(double ns) { assert(ns >= 0 && !isinf(ns)); }

static void use_timing(const struct measurement *m)
{
    struct round_summary figure;
    unsigned char *data;
    size_t bytes;
    expect_text(m->stop_reason, sizeof m->stop_reason);
    expect_time(m->first_ns);
    expect_time(m->kernel_ns);
    assert(m->nturn <= MEASURE_MAX_TURNS);
    for (uint32_t i = 0; i < m->nturn; i++) expect_time(m->turn_ns[i]);
    assert(m->n >= 1 && m->n <= MEASURE_MAX_SAMPLES && m->s.n == m->n);
    for (int clock = 0; clock < 2; clock++) {
        double back[MEASURE_MAX_SAMPLES];
        assert(samples_pack(clock ? m->host_ns : m->ns, m->n, &data, &bytes) == 0);
        assert(samples_unpack(data, bytes, back, m->n) == 0);
        free(data);
    }
    combine_rounds(&m->s, 1, &figure);
    expect_time(figure.median);
    assert(figure.ci_lo <= figure.median && figure.median <= figure.ci_hi && !isinf(figure.ci_hi));
}

static void use_answer(const struct job *j)
{
    const struct answer *a = j->answer;
    expect_text(a->err, sizeof a->err);
    expect_time(a->compile_ns + a->setup_ns + a->run_ns + a->counts.compile_ns);
    assert(a->kernel_fault == 0 || a->kernel_fault == 1);
    if (j->kind == JOB_BENCH && a->rc == 0) use_timing(j->timing);
    for (uint32_t i = 0; j->kind == JOB_PROBE && i < a->ndevice; i++) {
        const struct mxb_caps *c = &j->caps[i];
        assert(i < WORKER_MAX_DEVICES && c->kind <= MXB_KIND_OTHER);
        expect_time(c->tick_ns);
        expect_text(c->name, sizeof c->name);
        expect_text(c->driver, sizeof c->driver);
        expect_text(c->driver_version, sizeof c->driver_version);
        expect_text(c->api, sizeof c->api);
        expect_text(c->uuid, sizeof c->uuid);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    static struct window w;
    static const enum job_kind kind[] = { JOB_PROBE, JOB_OPEN, JOB_CHECK, JOB_BENCH, JOB_COUNTS };
    if (n == 0) return -1;
    w = *good_answer();
    struct job j = { .kind = kind[data[0] % MXB_COUNT(kind)], .caps = w.caps };
    j.answer = &w.answer;
    j.timing = &w.timing;
    const struct note asked = { 0x0123456789abcdef, 7, &j };
    assert(job_answered(&j));
    w.message.note = asked;
    w.message_bytes = sizeof asked;
    write_astray(&w, data + 1, n - 1);

    /* A copy of just that length: looking further is an error. */
    const size_t bytes = w.message_bytes <= NOTE_ROOM ? w.message_bytes : NOTE_ROOM;
    struct note *message = malloc(bytes ? bytes : 1);
    assert(message);
    memcpy(message, &w.message, bytes);
    const bool same = bytes == sizeof asked && memcmp(message, &asked, sizeof asked) == 0;
    assert(note_answers(message, bytes, &asked) == same);
    free(message);

    assert(strlen(job_phase_text(&j)) < 64);
    if (job_answered(&j)) use_answer(&j);
    else job_disown(&j);
    if (j.kind == JOB_CHECK) use_answer(&j);
    assert(strlen(job_phase_text(&j)) < 64);
    return 0;
}
