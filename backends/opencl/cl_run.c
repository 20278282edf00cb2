/* Runs steps on the in-order queue of an OpenCL device and takes their time from two profiling events. */
#include "cl_internal.h"

#include <stdlib.h>
#include <time.h>

/* The gate of enqueue() opens after this many commands at the latest: a driver whose queue is full might wait for ever.
 * By then the host is far enough ahead. */
enum { GATE_DEPTH = 1024 };

struct launch {                      /* a step, checked and its handles looked up, so that the timed part is short */
    const struct mxb_step *step;
    cl_mem mem[MXB_MAX_BIND];
    size_t global[3], local[3];
};

static int prepare_fill(struct ocl_dev *d, struct launch *l, uint32_t index)
{
    const struct mxb_bind *b = &l->step->bind[0];
    if (!b->buf || b->len == 0 || b->off % 4 != 0 || b->len % 4 != 0)
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: step %u: fill needs a buffer, and bytes and offset "
                        "that are multiples of 4", index);
    l->mem[0] = b->buf->mem;         /* offset and length go to the fill itself: no sub-buffer */
    return ocl_check_range(d, b->buf, b->off, b->len, "fill");
}

static int prepare_dispatch(struct ocl_dev *d, struct launch *l, uint32_t index)
{
    const struct mxb_step *s = l->step;
    const struct mxb_pipe *p = s->pipe;
    if (!p || s->nbind != p->nbind || (p->push_bytes > 0 && !s->push))
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: step %u: %s", index,
                        !p ? "no pipeline" : s->nbind != p->nbind ? "wrong number of bindings" : "no parameters");
    for (int i = 0; i < 3; i++) {
        if (s->groups[i] == 0 || s->groups[i] > d->base.caps.max_groups[i])
            return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: step %u: %u work-groups in dimension %d, 1 to %u",
                            index, s->groups[i], i, d->base.caps.max_groups[i]);
        l->local[i] = p->local[i];
        l->global[i] = (size_t)s->groups[i] * p->local[i];
    }
    for (uint32_t i = 0; i < s->nbind; i++) {
        int rc = ocl_bind(d, &s->bind[i], &l->mem[i]);
        if (rc < 0)
            return rc;
    }
    return MXB_OK;
}

static int prepare(struct ocl_dev *d, struct launch *l, const struct mxb_step *steps, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        l[i].step = &steps[i];
        int rc = steps[i].kind == MXB_FILL ? prepare_fill(d, &l[i], i) : prepare_dispatch(d, &l[i], i);
        if (rc < 0)
            return rc;
    }
    return MXB_OK;
}

static int enqueue_one(struct ocl_dev *d, const struct launch *l, cl_event gate, cl_event *done)
{
    const struct mxb_step *s = l->step;
    const cl_uint nwait = gate ? 1 : 0;
    const cl_event *wait = gate ? &gate : NULL;
    if (s->kind == MXB_FILL) {
        cl_int e = d->cl.clEnqueueFillBuffer(d->queue, l->mem[0], &s->fill, sizeof s->fill, (size_t)s->bind[0].off,
                                             (size_t)s->bind[0].len, nwait, wait, done);
        return e == CL_SUCCESS ? MXB_OK : ocl_fail(d, e, "clEnqueueFillBuffer");
    }

    const struct mxb_pipe *p = s->pipe;
    cl_int e = CL_SUCCESS;
    for (uint32_t i = 0; i < p->nbind && e == CL_SUCCESS; i++)
        e = d->cl.clSetKernelArg(p->kernel, i, sizeof l->mem[i], &l->mem[i]);
    if (e == CL_SUCCESS && p->push_bytes > 0)
        e = d->cl.clSetKernelArg(p->kernel, p->nbind, p->push_bytes, s->push);
    if (e != CL_SUCCESS)
        return ocl_fail(d, e, "clSetKernelArg");
    e = d->cl.clEnqueueNDRangeKernel(d->queue, p->kernel, 3, NULL, l->global, l->local, nwait, wait, done);
    return e == CL_SUCCESS ? MXB_OK : ocl_fail(d, e, "clEnqueueNDRangeKernel");
}

/* Opens the gate, if there is one: hands over what is enqueued, then lets the device start. */
static int open_gate(struct ocl_dev *d, cl_event *gate)
{
    if (!*gate)
        return MXB_OK;
    cl_int e = d->cl.clFlush(d->queue);
    const char *call = "clFlush";
    cl_int e2 = d->cl.clSetUserEventStatus(*gate, CL_COMPLETE);   /* whatever happened: nothing may wait for ever */
    if (e == CL_SUCCESS) {
        e = e2;
        call = "clSetUserEventStatus";
    }
    d->cl.clReleaseEvent(*gate);
    *gate = NULL;
    return e == CL_SUCCESS ? MXB_OK : ocl_fail(d, e, call);
}

/* Enqueues everything behind a user event, so that the device's time holds no pauses in which it waits for the host.
 * Drivers that keep gated commands on the host (NVIDIA's) still need a few microseconds to submit each one, which
 * shows where kernels are shorter than that.
 * first and last get the events of the first and last command, the same one twice if there is only one. */
static int enqueue(struct ocl_dev *d, const struct launch *l, uint32_t n, uint32_t reps, cl_event *first,
                   cl_event *last)
{
    const uint64_t total = (uint64_t)n * reps;
    cl_int e = CL_SUCCESS;
    cl_event gate = total > 1 ? d->cl.clCreateUserEvent(d->ctx, &e) : NULL;
    if (e != CL_SUCCESS)
        return ocl_fail(d, e, "clCreateUserEvent");

    int rc = MXB_OK;
    for (uint64_t i = 0; i < total && rc == MXB_OK; i++) {
        if (i == GATE_DEPTH)
            rc = open_gate(d, &gate);
        if (rc == MXB_OK)
            rc = enqueue_one(d, &l[i % n], i == 0 ? gate : NULL, i == 0 ? first : i == total - 1 ? last : NULL);
    }
    int opened = open_gate(d, &gate);
    return rc < 0 ? rc : opened;
}

/* Device time from the start of the first command to the end of the last; -1 if the device does not tell. */
static double device_ns(const struct ocl_dev *d, cl_event first, cl_event last)
{
    cl_ulong start = 0, end = 0;
    if (!(d->base.caps.features & MXB_FEAT_DEVICE_TIME) ||
        d->cl.clGetEventProfilingInfo(first, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL) != CL_SUCCESS ||
        d->cl.clGetEventProfilingInfo(last, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL) != CL_SUCCESS)
        return -1;
    return end >= start ? (double)(end - start) : -1;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int ocl_run(struct mxb_dev *base, const struct mxb_step *steps, uint32_t n, uint32_t reps, struct mxb_time *time)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    if (n == 0 || reps == 0)
        return mxb_fail(base, MXB_EINVAL, "Invalid argument: %u steps, %u repetitions", n, reps);
    struct launch *launch = calloc(n, sizeof *launch);
    if (!launch)
        return mxb_fail(base, MXB_ENOMEM, "out of memory for %u steps", n);
    int rc = prepare(d, launch, steps, n);
    if (rc < 0) {
        free(launch);
        return rc;
    }

    cl_event first = NULL, last = NULL;
    const double begin = now_ns();
    rc = enqueue(d, launch, n, reps, &first, &last);
    cl_int e = d->cl.clFinish(d->queue);
    time->host_ns = now_ns() - begin;
    free(launch);

    /* A command that failed on the device is told by its event; not every driver also fails clFinish. */
    cl_event final = last ? last : first;
    cl_int status = CL_COMPLETE;
    if (rc == MXB_OK && e == CL_SUCCESS)
        e = d->cl.clGetEventInfo(final, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
    if (rc == MXB_OK && (e != CL_SUCCESS || status < 0))
        rc = ocl_fail(d, e != CL_SUCCESS ? e : status, "kernel execution");
    time->dev_ns = rc == MXB_OK ? device_ns(d, first, final) : -1;
    if (first)
        d->cl.clReleaseEvent(first);
    if (last)
        d->cl.clReleaseEvent(last);
    return rc;
}
