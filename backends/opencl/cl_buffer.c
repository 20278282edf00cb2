/* Buffers of an OpenCL device and the sub-buffers that stand for parts of them. */
#include "cl_internal.h"

#include <stdlib.h>

#define LLU(v) ((unsigned long long)(v))

int ocl_alloc(struct mxb_dev *base, uint64_t bytes, struct mxb_buf **out)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    if (bytes == 0)
        return mxb_fail(base, MXB_EINVAL, "Invalid argument: buffer of 0 bytes");
    if (bytes > base->caps.max_buffer)
        return mxb_fail(base, MXB_ENOMEM, "buffer of %llu bytes, the device's largest is %llu", LLU(bytes),
                        LLU(base->caps.max_buffer));
    /* Drivers allocate lazily, some from swappable host memory: more than the device has would only fail later. */
    if (bytes > base->caps.mem_bytes - d->allocated)
        return mxb_fail(base, MXB_ENOMEM, "buffer of %llu bytes, %llu of the device's %llu are in use", LLU(bytes),
                        LLU(d->allocated), LLU(base->caps.mem_bytes));
    struct mxb_buf *b = calloc(1, sizeof *b);
    if (!b)
        return mxb_fail(base, MXB_ENOMEM, "out of host memory");

    cl_int e = CL_SUCCESS;
    const char *call = "clCreateBuffer";
    b->mem = d->cl.clCreateBuffer(d->ctx, CL_MEM_READ_WRITE, (size_t)bytes, NULL, &e);
    if (e == CL_SUCCESS) {
        /* Moving a buffer without its content to the device makes the driver allocate it here and now. */
        call = "clEnqueueMigrateMemObjects";
        e = d->cl.clEnqueueMigrateMemObjects(d->queue, 1, &b->mem, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0, NULL,
                                             NULL);
        if (e == CL_SUCCESS)
            e = d->cl.clFinish(d->queue);
    }
    if (e != CL_SUCCESS) {
        if (b->mem)
            d->cl.clReleaseMemObject(b->mem);
        free(b);
        int rc = ocl_fail(d, e, call);
        return e == CL_OUT_OF_RESOURCES ? MXB_ENOMEM : rc;   /* no kernel ran: it can only be memory */
    }
    b->bytes = bytes;
    d->allocated += bytes;
    *out = b;
    return MXB_OK;
}

void ocl_release(struct mxb_dev *base, struct mxb_buf *b)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    if (!b)
        return;
    for (struct ocl_sub *s = b->subs, *next; s; s = next) {
        next = s->next;
        d->cl.clReleaseMemObject(s->mem);
        free(s);
    }
    d->cl.clReleaseMemObject(b->mem);
    d->allocated -= b->bytes;
    free(b);
}

int ocl_check_range(struct ocl_dev *d, const struct mxb_buf *b, uint64_t off, uint64_t len, const char *what)
{
    if (off <= b->bytes && len <= b->bytes - off)
        return MXB_OK;
    return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: %s of %llu bytes at %llu, the buffer has %llu", what,
                    LLU(len), LLU(off), LLU(b->bytes));
}

int ocl_upload(struct mxb_dev *base, struct mxb_buf *b, uint64_t off, const void *src, uint64_t n)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    int rc = ocl_check_range(d, b, off, n, "upload");
    if (rc < 0 || n == 0)
        return rc;
    cl_int e = d->cl.clEnqueueWriteBuffer(d->queue, b->mem, CL_TRUE, (size_t)off, (size_t)n, src, 0, NULL, NULL);
    return e == CL_SUCCESS ? MXB_OK : ocl_fail(d, e, "clEnqueueWriteBuffer");
}

int ocl_download(struct mxb_dev *base, struct mxb_buf *b, uint64_t off, void *dst, uint64_t n)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    int rc = ocl_check_range(d, b, off, n, "download");
    if (rc < 0 || n == 0)
        return rc;
    cl_int e = d->cl.clEnqueueReadBuffer(d->queue, b->mem, CL_TRUE, (size_t)off, (size_t)n, dst, 0, NULL, NULL);
    return e == CL_SUCCESS ? MXB_OK : ocl_fail(d, e, "clEnqueueReadBuffer");
}

int ocl_bind(struct ocl_dev *d, const struct mxb_bind *bind, cl_mem *out)
{
    struct mxb_buf *b = bind->buf;
    if (!b || bind->len == 0)
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: binding without %s", b ? "length" : "buffer");
    int rc = ocl_check_range(d, b, bind->off, bind->len, "binding");
    if (rc < 0)
        return rc;
    if (bind->off % d->base.caps.bind_align != 0)
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: binding at %llu, not a multiple of %u",
                        LLU(bind->off), d->base.caps.bind_align);
    if (bind->off == 0 && bind->len == b->bytes) {
        *out = b->mem;
        return MXB_OK;
    }

    for (const struct ocl_sub *s = b->subs; s; s = s->next)
        if (s->off == bind->off && s->len == bind->len) {
            *out = s->mem;
            return MXB_OK;
        }
    struct ocl_sub *s = malloc(sizeof *s);
    if (!s)
        return mxb_fail(&d->base, MXB_ENOMEM, "out of host memory");
    cl_int e = CL_SUCCESS;
    const cl_buffer_region region = { (size_t)bind->off, (size_t)bind->len };
    s->mem = d->cl.clCreateSubBuffer(b->mem, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &e);
    if (e != CL_SUCCESS) {
        free(s);
        return ocl_fail(d, e, "clCreateSubBuffer");
    }
    s->off = bind->off;
    s->len = bind->len;
    s->next = b->subs;
    b->subs = s;
    *out = s->mem;
    return MXB_OK;
}
