/* Builds OpenCL programs, from source or from the disk cache, and makes pipelines (kernel objects) of them.
 *
 * Divisions and square roots keep OpenCL's default accuracy (2.5 and 3 ulp, where the device has no better): programs
 * in the field run with it, and not every device accepts -cl-fp32-correctly-rounded-divide-sqrt.  No option relaxes
 * IEEE rules. */
#include "cl_internal.h"

#define XXH_INLINE_ALL
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum { OPTIONS_LEN = 4096 };

static int build_options(struct ocl_dev *d, const struct mxb_shader *sh, char out[OPTIONS_LEN])
{
    const char *defines = sh->defines ? sh->defines : "";
    /* A shader that needs newer OpenCL C (subgroup functions) names its own standard. */
    const char *std = d->c_version >= 102 && !strstr(defines, "-cl-std=") ? "-cl-std=CL1.2 " : "";
    int n = snprintf(out, OPTIONS_LEN, "%s%s", std, defines);
    for (uint32_t i = 0; i < sh->nspec && n < OPTIONS_LEN; i++) {
        const struct mxb_spec *s = &sh->spec[i];
        int value = s->type == 'b' ? s->value != 0 : s->value;
        n += snprintf(out + n, OPTIONS_LEN - (size_t)n, " -D%s=%d", s->name, value);
    }
    if (n >= OPTIONS_LEN)
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: %s: build options longer than %d bytes", sh->label,
                        OPTIONS_LEN - 1);
    return MXB_OK;
}

static uint64_t program_key(const struct ocl_dev *d, const struct mxb_shader *sh, const char *options)
{
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    XXH3_64bits_update(&state, &d->identity, sizeof d->identity);
    XXH3_64bits_update(&state, options, strlen(options) + 1);
    XXH3_64bits_update(&state, sh->code, sh->code_bytes);
    return XXH3_64bits_digest(&state);
}

/* clBuildProgram without what compilers print ("1 warning generated."): all that matters is in the build log. */
static cl_int build_quietly(struct ocl_dev *d, cl_program p, const char *options)
{
    fflush(stderr);
    int keep = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (keep >= 0 && null >= 0)
        dup2(null, STDERR_FILENO);
    cl_int e = d->cl.clBuildProgram(p, 1, &d->id.device, options, NULL, NULL);
    if (keep >= 0) {
        dup2(keep, STDERR_FILENO);
        close(keep);
    }
    if (null >= 0)
        close(null);
    return e;
}

static int build_failure(struct ocl_dev *d, const struct mxb_shader *sh, cl_program p, cl_int e)
{
    if (e == CL_OUT_OF_HOST_MEMORY || e == CL_COMPILER_NOT_AVAILABLE)
        return ocl_fail(d, e, "clBuildProgram");
    size_t n = 0;
    if (d->cl.clGetProgramBuildInfo(p, d->id.device, CL_PROGRAM_BUILD_LOG, 0, NULL, &n) != CL_SUCCESS)
        n = 0;
    char *log = calloc(n + 1, 1);
    if (log && n > 0)
        d->cl.clGetProgramBuildInfo(p, d->id.device, CL_PROGRAM_BUILD_LOG, n, log, NULL);
    int rc = mxb_fail(&d->base, MXB_ECOMPILE, "kernel %s (%s): clBuildProgram: %s (%d)\n%s", sh->entry, sh->label,
                      ocl_error_name(e), e, log ? log : "");
    free(log);
    return rc;
}

/* Takes the program from disk; false: it has to be built.  A binary that the driver refuses is no error. */
static bool load_program(struct ocl_dev *d, struct ocl_program *p, const char *options)
{
    size_t bytes = 0;
    unsigned char *data = d->cache_dir ? ocl_cache_read(d->cache_dir, p->key, &bytes, &p->disk_hash) : NULL;
    if (!data)
        return false;
    cl_int status = CL_SUCCESS, e = CL_SUCCESS;
    const unsigned char *binary = data;
    p->handle = d->cl.clCreateProgramWithBinary(d->ctx, 1, &d->id.device, &bytes, &binary, &status, &e);
    free(data);
    if (e == CL_SUCCESS && status == CL_SUCCESS)
        e = build_quietly(d, p->handle, options);
    if (e == CL_SUCCESS && status == CL_SUCCESS) {
        d->loaded++;
        return true;
    }
    if (p->handle)
        d->cl.clReleaseProgram(p->handle);
    p->handle = NULL;
    return false;
}

static int build_program(struct ocl_dev *d, struct ocl_program *p, const struct mxb_shader *sh, const char *options)
{
    cl_int e = CL_SUCCESS;
    const char *text = sh->code;
    const size_t bytes = sh->code_bytes;
    p->handle = d->cl.clCreateProgramWithSource(d->ctx, 1, &text, &bytes, &e);
    if (e != CL_SUCCESS)
        return ocl_fail(d, e, "clCreateProgramWithSource");
    e = build_quietly(d, p->handle, options);
    if (e != CL_SUCCESS) {
        int rc = build_failure(d, sh, p->handle, e);
        d->cl.clReleaseProgram(p->handle);
        return rc;
    }
    d->built++;
    return MXB_OK;
}

static int get_program(struct ocl_dev *d, const struct mxb_shader *sh, struct ocl_program **out)
{
    char options[OPTIONS_LEN];
    int rc = build_options(d, sh, options);
    if (rc < 0)
        return rc;
    uint64_t key = program_key(d, sh, options);
    for (struct ocl_program *p = d->programs; p; p = p->next)
        if (p->key == key) {
            *out = p;
            return MXB_OK;
        }

    struct ocl_program *p = calloc(1, sizeof *p);
    if (!p)
        return mxb_fail(&d->base, MXB_ENOMEM, "out of host memory");
    p->key = key;
    if (!load_program(d, p, options))
        rc = build_program(d, p, sh, options);
    if (rc < 0) {
        free(p);
        return rc;
    }
    p->next = d->programs;
    d->programs = p;
    *out = p;
    return MXB_OK;
}

/* Bindings and parameter block must be what the kernel declares. */
static int check_arguments(struct ocl_dev *d, const struct mxb_shader *sh, cl_kernel k)
{
    cl_uint nargs = 0, want = sh->nbind + (sh->push_bytes > 0);
    cl_int e = d->cl.clGetKernelInfo(k, CL_KERNEL_NUM_ARGS, sizeof nargs, &nargs, NULL);
    if (e != CL_SUCCESS)
        return ocl_fail(d, e, "clGetKernelInfo");
    if (nargs != want)
        return mxb_fail(&d->base, MXB_ECOMPILE, "kernel %s (%s) has %u arguments, its launch %u: %u bindings%s",
                        sh->entry, sh->label, nargs, want, sh->nbind,
                        sh->push_bytes > 0 ? " and the parameter block" : "");
    const char zeros[MXB_MAX_PUSH] = { 0 };
    if (sh->push_bytes > 0 &&
        d->cl.clSetKernelArg(k, sh->nbind, sh->push_bytes, zeros) == CL_INVALID_ARG_SIZE)
        return mxb_fail(&d->base, MXB_ECOMPILE, "kernel %s (%s): its last argument is no parameter block of %u bytes",
                        sh->entry, sh->label, sh->push_bytes);
    return MXB_OK;
}

/* The work-group and its local memory must fit the device, and the size the kernel was compiled for. */
static int check_group(struct ocl_dev *d, const struct mxb_shader *sh, cl_kernel k)
{
    const struct mxb_caps *c = &d->base.caps;
    const uint32_t *l = sh->local;
    size_t max = 0, reqd[3] = { 0, 0, 0 };
    cl_ulong local = 0;
    cl_int e = d->cl.clGetKernelWorkGroupInfo(k, d->id.device, CL_KERNEL_WORK_GROUP_SIZE, sizeof max, &max, NULL);
    if (e == CL_SUCCESS)
        e = d->cl.clGetKernelWorkGroupInfo(k, d->id.device, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof reqd, reqd, NULL);
    if (e == CL_SUCCESS)
        e = d->cl.clGetKernelWorkGroupInfo(k, d->id.device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof local, &local, NULL);
    if (e != CL_SUCCESS)
        return ocl_fail(d, e, "clGetKernelWorkGroupInfo");

    if (reqd[0] > 0 && (reqd[0] != l[0] || reqd[1] != l[1] || reqd[2] != l[2]))
        return mxb_fail(&d->base, MXB_ECOMPILE, "kernel %s (%s) is compiled for work-groups of %zux%zux%zu, launched "
                        "with %ux%ux%u", sh->entry, sh->label, reqd[0], reqd[1], reqd[2], l[0], l[1], l[2]);
    for (int i = 0; i < 3; i++)
        if (l[i] > c->max_wg_dim[i])
            return mxb_fail(&d->base, MXB_EUNSUP, "work-group of %u in dimension %d, the device allows %u", l[i], i,
                            c->max_wg_dim[i]);
    double items = (double)l[0] * l[1] * l[2];   /* the product of three 32-bit numbers may wrap in 64 bits */
    /* NVIDIA's driver reports 256 even for a kernel that was compiled for more: there only the launch can tell. */
    if (items > (double)max && (reqd[0] == 0 || items > (double)c->max_wg))
        return mxb_fail(&d->base, MXB_EUNSUP, "work-group of %.0f, kernel %s allows %zu on this device", items,
                        sh->entry, max);
    if (local > c->local_bytes)
        return mxb_fail(&d->base, MXB_EUNSUP, "kernel %s needs %llu bytes of local memory, the device has %llu",
                        sh->entry, (unsigned long long)local, (unsigned long long)c->local_bytes);
    return MXB_OK;
}

int ocl_compile(struct mxb_dev *base, const struct mxb_shader *sh, struct mxb_pipe **out)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    if (!sh->code || sh->code_bytes == 0 || sh->nbind > MXB_MAX_BIND || sh->push_bytes > MXB_MAX_PUSH ||
        sh->local[0] == 0 || sh->local[1] == 0 || sh->local[2] == 0)
        return mxb_fail(base, MXB_EINVAL, "Invalid argument: kernel %s (%s): no code, a work-group of 0, more than %d "
                        "bindings or %d parameter bytes", sh->entry, sh->label, MXB_MAX_BIND, MXB_MAX_PUSH);

    struct ocl_program *program = NULL;
    int rc = get_program(d, sh, &program);
    if (rc < 0)
        return rc;
    cl_int e = CL_SUCCESS;
    cl_kernel k = d->cl.clCreateKernel(program->handle, sh->entry, &e);
    if (e == CL_INVALID_KERNEL_NAME)
        return mxb_fail(base, MXB_ECOMPILE, "kernel %s (%s): the program has no kernel of this name", sh->entry,
                        sh->label);
    if (e != CL_SUCCESS)
        return ocl_fail(d, e, "clCreateKernel");

    struct mxb_pipe *pipe = NULL;
    rc = check_arguments(d, sh, k);
    if (rc == MXB_OK)
        rc = check_group(d, sh, k);
    if (rc == MXB_OK && !(pipe = calloc(1, sizeof *pipe)))
        rc = mxb_fail(base, MXB_ENOMEM, "out of host memory");
    if (rc < 0) {
        d->cl.clReleaseKernel(k);
        return rc;
    }
    *pipe = (struct mxb_pipe){ k, sh->nbind, sh->push_bytes, { sh->local[0], sh->local[1], sh->local[2] } };
    *out = pipe;
    return MXB_OK;
}

void ocl_destroy(struct mxb_dev *base, struct mxb_pipe *pipe)
{
    struct ocl_dev *d = (struct ocl_dev *)base;
    if (!pipe)
        return;
    d->cl.clReleaseKernel(pipe->kernel);
    free(pipe);
}

static void save_program(struct ocl_dev *d, const struct ocl_program *p)
{
    size_t bytes = 0;
    cl_int e = d->cl.clGetProgramInfo(p->handle, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL);
    if (e != CL_SUCCESS || bytes == 0)
        return;
    unsigned char *data = malloc(bytes);
    if (data && d->cl.clGetProgramInfo(p->handle, CL_PROGRAM_BINARIES, sizeof data, &data, NULL) == CL_SUCCESS)
        ocl_cache_write(d->cache_dir, p->key, data, bytes, p->disk_hash);
    free(data);
}

void ocl_close_programs(struct ocl_dev *d)
{
    while (d->programs) {
        struct ocl_program *p = d->programs;
        /* Only now: PoCL compiles at the first launch for its work-group size and puts that code into the binary. */
        if (d->cache_dir)
            save_program(d, p);
        d->programs = p->next;
        d->cl.clReleaseProgram(p->handle);
        free(p);
    }
}
