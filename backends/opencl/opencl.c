/* The OpenCL backend's function table, and opening and closing of a device. */
#include "backends/opencl/opencl.h"
#include "cl_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void close_device(struct mxb_dev *base)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    if (!d)
        return;
    ocl_close_programs(d);
    if (d->queue)
        d->cl.clReleaseCommandQueue(d->queue);
    if (d->ctx)
        d->cl.clReleaseContext(d->ctx);
    free(d->cache_dir);
    free(d);
}

static int open_device(int index, const struct mxb_open_opts *opts, struct mxb_dev **out, char *err, size_t errlen)
{
    struct ocl_dev *d = calloc(1, sizeof *d);
    if (!d) {
        snprintf(err, errlen, "out of host memory");
        return MXB_ENOMEM;
    }
    d->base.be = &mxb_backend_opencl;
    d->base.index = index;
    cl_int e = CL_SUCCESS;
    const char *call = "clCreateContext";
    cl_command_queue_properties props = 0;
    int rc = ocl_select(index, &d->cl, &d->id, err, errlen);
    if (rc < 0)
        goto out;
    if (!ocl_query(&d->cl, d->id.device, CL_DEVICE_AVAILABLE)) {
        rc = ocl_error(CL_DEVICE_NOT_AVAILABLE, "clGetDeviceInfo", err, errlen);
        goto out;
    }
    ocl_caps(&d->cl, &d->id, &d->base.caps);
    d->identity = ocl_identity(&d->cl, &d->id);
    d->c_version = ocl_c_version(&d->cl, d->id.device);

    if (opts && opts->cache_dir && !(d->cache_dir = strdup(opts->cache_dir))) {
        snprintf(err, errlen, "out of host memory");
        rc = MXB_ENOMEM;
        goto out;
    }
    const cl_context_properties where[] = { CL_CONTEXT_PLATFORM, (cl_context_properties)d->id.platform, 0 };
    d->ctx = d->cl.clCreateContext(where, 1, &d->id.device, NULL, NULL, &e);
    if (e == CL_SUCCESS) {
        call = "clCreateCommandQueue";
        if (d->base.caps.features & MXB_FEAT_DEVICE_TIME)
            props = CL_QUEUE_PROFILING_ENABLE;
        d->queue = d->cl.clCreateCommandQueue(d->ctx, d->id.device, props, &e);
    }
    if (e != CL_SUCCESS)
        rc = ocl_error(e, call, err, errlen);

out:
    if (rc < 0) {
        close_device(&d->base);
        return rc;
    }
    *out = &d->base;
    return MXB_OK;
}

const struct mxb_backend mxb_backend_opencl = {
    .abi = MXB_BACKEND_ABI,
    .name = "opencl",
    .lang = "cl",
    .count = ocl_count,
    .info = ocl_info,
    .open = open_device,
    .close = close_device,
    .alloc = ocl_alloc,
    .release = ocl_release,
    .upload = ocl_upload,
    .download = ocl_download,
    .compile = ocl_compile,
    .destroy = ocl_destroy,
    .run = ocl_run,
};
