/* Opens the OpenCL loader at run time, so that the program starts on machines without it, and names its errors. */
#include "cl_internal.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const struct { const char *name; size_t off; } symbols[] = {
#define X(f) { #f, offsetof(struct ocl_api, f) },
    OCL_FUNCTIONS(X)
#undef X
};

int ocl_load(struct ocl_api *api, const char *soname, char *why, size_t whylen)
{
    /* Drivers leave threads and exit handlers behind: once loaded, the library has to stay.  This also makes the next
     * call cheap, without a handle kept in a global. */
    void *lib = dlopen(soname, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!lib) {
        snprintf(why, whylen, "%s not found (%s)", soname, dlerror());
        return MXB_ENOENT;
    }
    int rc = MXB_OK;
    for (size_t i = 0; i < MXB_COUNT(symbols) && rc == MXB_OK; i++) {
        void *sym = dlsym(lib, symbols[i].name);
        memcpy((char *)api + symbols[i].off, &sym, sizeof sym);   /* C has no cast from object to function pointer */
        if (!sym) {
            snprintf(why, whylen, "%s has no %s: OpenCL 1.2 is needed", soname, symbols[i].name);
            rc = MXB_ENOENT;
        }
    }
    dlclose(lib);
    return rc;
}

const char *ocl_error_name(cl_int e)
{
    static const struct { cl_int code; const char *name; } names[] = {
#define E(c) { c, #c },
        E(CL_SUCCESS) E(CL_DEVICE_NOT_FOUND) E(CL_DEVICE_NOT_AVAILABLE) E(CL_COMPILER_NOT_AVAILABLE)
        E(CL_MEM_OBJECT_ALLOCATION_FAILURE) E(CL_OUT_OF_RESOURCES) E(CL_OUT_OF_HOST_MEMORY)
        E(CL_PROFILING_INFO_NOT_AVAILABLE) E(CL_MEM_COPY_OVERLAP) E(CL_IMAGE_FORMAT_MISMATCH)
        E(CL_IMAGE_FORMAT_NOT_SUPPORTED) E(CL_BUILD_PROGRAM_FAILURE) E(CL_MAP_FAILURE)
        E(CL_MISALIGNED_SUB_BUFFER_OFFSET) E(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)
        E(CL_COMPILE_PROGRAM_FAILURE) E(CL_LINKER_NOT_AVAILABLE) E(CL_LINK_PROGRAM_FAILURE)
        E(CL_DEVICE_PARTITION_FAILED) E(CL_KERNEL_ARG_INFO_NOT_AVAILABLE) E(CL_INVALID_VALUE)
        E(CL_INVALID_DEVICE_TYPE) E(CL_INVALID_PLATFORM) E(CL_INVALID_DEVICE) E(CL_INVALID_CONTEXT)
        E(CL_INVALID_QUEUE_PROPERTIES) E(CL_INVALID_COMMAND_QUEUE) E(CL_INVALID_HOST_PTR) E(CL_INVALID_MEM_OBJECT)
        E(CL_INVALID_IMAGE_FORMAT_DESCRIPTOR) E(CL_INVALID_IMAGE_SIZE) E(CL_INVALID_SAMPLER) E(CL_INVALID_BINARY)
        E(CL_INVALID_BUILD_OPTIONS) E(CL_INVALID_PROGRAM) E(CL_INVALID_PROGRAM_EXECUTABLE)
        E(CL_INVALID_KERNEL_NAME) E(CL_INVALID_KERNEL_DEFINITION) E(CL_INVALID_KERNEL) E(CL_INVALID_ARG_INDEX)
        E(CL_INVALID_ARG_VALUE) E(CL_INVALID_ARG_SIZE) E(CL_INVALID_KERNEL_ARGS) E(CL_INVALID_WORK_DIMENSION)
        E(CL_INVALID_WORK_GROUP_SIZE) E(CL_INVALID_WORK_ITEM_SIZE) E(CL_INVALID_GLOBAL_OFFSET)
        E(CL_INVALID_EVENT_WAIT_LIST) E(CL_INVALID_EVENT) E(CL_INVALID_OPERATION) E(CL_INVALID_GL_OBJECT)
        E(CL_INVALID_BUFFER_SIZE) E(CL_INVALID_MIP_LEVEL) E(CL_INVALID_GLOBAL_WORK_SIZE) E(CL_INVALID_PROPERTY)
        E(CL_INVALID_IMAGE_DESCRIPTOR) E(CL_INVALID_COMPILER_OPTIONS) E(CL_INVALID_LINKER_OPTIONS)
        E(CL_INVALID_DEVICE_PARTITION_COUNT)
#undef E
        { -1001, "CL_PLATFORM_NOT_FOUND_KHR" },
        { -9999, "illegal access by a kernel" },   /* NVIDIA's own code */
    };
    for (size_t i = 0; i < MXB_COUNT(names); i++)
        if (names[i].code == e)
            return names[i].name;
    return "unknown OpenCL error";
}

int ocl_error(cl_int e, const char *call, char *err, size_t errlen)
{
    snprintf(err, errlen, "%s: %s (%d)", call, ocl_error_name(e), e);
    switch (e) {
    case CL_OUT_OF_HOST_MEMORY:
    case CL_MEM_OBJECT_ALLOCATION_FAILURE:
    case CL_INVALID_BUFFER_SIZE:
        return MXB_ENOMEM;
    case CL_COMPILER_NOT_AVAILABLE:
    case CL_INVALID_WORK_GROUP_SIZE:
        return MXB_EUNSUP;
    default:
        return MXB_EDEVICE;
    }
}

int ocl_fail(struct ocl_dev *d, cl_int e, const char *call)
{
    return ocl_error(e, call, d->base.err, sizeof d->base.err);
}
