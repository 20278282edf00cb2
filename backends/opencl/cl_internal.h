/* What the files of the OpenCL backend share: the function table, the device and its objects. */
#ifndef OCL_INTERNAL_H
#define OCL_INTERNAL_H
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "harness/mxb_backend.h"

#define OCL_SONAME "libOpenCL.so.1"

/* Every entry point in use; all are in OpenCL 1.2. */
#define OCL_FUNCTIONS(X) \
    X(clGetPlatformIDs) X(clGetPlatformInfo) X(clGetDeviceIDs) X(clGetDeviceInfo) \
    X(clCreateContext) X(clReleaseContext) X(clCreateCommandQueue) X(clReleaseCommandQueue) \
    X(clCreateBuffer) X(clCreateSubBuffer) X(clReleaseMemObject) \
    X(clEnqueueReadBuffer) X(clEnqueueWriteBuffer) X(clEnqueueFillBuffer) X(clEnqueueMigrateMemObjects) \
    X(clCreateProgramWithSource) X(clCreateProgramWithBinary) X(clBuildProgram) X(clReleaseProgram) \
    X(clGetProgramInfo) X(clGetProgramBuildInfo) \
    X(clCreateKernel) X(clReleaseKernel) X(clGetKernelInfo) X(clGetKernelWorkGroupInfo) X(clSetKernelArg) \
    X(clEnqueueNDRangeKernel) X(clFlush) X(clFinish) \
    X(clCreateUserEvent) X(clSetUserEventStatus) X(clGetEventInfo) X(clGetEventProfilingInfo) X(clReleaseEvent)

struct ocl_api {
#define X(f) __typeof__(f) *f;
    OCL_FUNCTIONS(X)
#undef X
};

struct ocl_id { cl_platform_id platform; cl_device_id device; };

struct ocl_program {                 /* one built program; pipelines of equal code and options share it */
    struct ocl_program *next;
    uint64_t key;                    /* hash of driver, options and text; name of the file on disk */
    uint64_t disk_hash;              /* of the binary that lies on disk, 0 = none or unusable */
    cl_program handle;
};

struct ocl_dev {
    struct mxb_dev base;
    struct ocl_api cl;
    struct ocl_id id;
    cl_context ctx;
    cl_command_queue queue;          /* in order, with profiling where the device has it */
    char *cache_dir;                 /* NULL = no disk cache */
    uint64_t identity;               /* hash of the names and versions of platform, device and driver */
    unsigned c_version;              /* of OpenCL C: 102 for "OpenCL C 1.2" */
    uint64_t allocated;              /* bytes of live buffers */
    struct ocl_program *programs;
    uint32_t built, loaded;          /* programs built from source, and taken from disk */
};

struct ocl_sub { struct ocl_sub *next; uint64_t off, len; cl_mem mem; };
struct mxb_buf { cl_mem mem; uint64_t bytes; struct ocl_sub *subs; };   /* subs: every part ever bound */

struct mxb_pipe {
    cl_kernel kernel;
    uint32_t nbind, push_bytes, local[3];
};

/* cl_loader.c */
/* Opens `soname` and fills the table.  MXB_ENOENT with the reason in why. */
int ocl_load(struct ocl_api *, const char *soname, char *why, size_t whylen);
const char *ocl_error_name(cl_int);                  /* "CL_OUT_OF_RESOURCES", never NULL */
/* Writes "<call>: <name> (<number>)" and returns the mxb_err that fits best. */
int ocl_error(cl_int, const char *call, char *err, size_t errlen);
int ocl_fail(struct ocl_dev *, cl_int, const char *call);   /* the same into the device's err */

/* cl_device.c */
/* Number of devices of all platforms; *out is device `index` if there is one.  0: the reason is in why. */
int ocl_find(const struct ocl_api *, int index, struct ocl_id *out, char *why, size_t whylen);
/* Loads the table and finds device `index`.  MXB_EINVAL if there is no such device. */
int ocl_select(int index, struct ocl_api *, struct ocl_id *, char *err, size_t errlen);
int ocl_count(char *why, size_t whylen);
int ocl_info(int index, struct mxb_caps *out, char *err, size_t errlen);
void ocl_caps(const struct ocl_api *, const struct ocl_id *, struct mxb_caps *out);
uint64_t ocl_query(const struct ocl_api *, cl_device_id, cl_device_info);   /* a number, 0 if unknown */
unsigned ocl_c_version(const struct ocl_api *, cl_device_id);
uint64_t ocl_identity(const struct ocl_api *, const struct ocl_id *);       /* for ocl_dev.identity */

/* cl_program.c */
int ocl_compile(struct mxb_dev *, const struct mxb_shader *, struct mxb_pipe **out);
void ocl_destroy(struct mxb_dev *, struct mxb_pipe *);
void ocl_close_programs(struct ocl_dev *);           /* writes the disk cache, releases every program */

/* cl_cache.c */
/* Binary stored under key, malloc'ed, or NULL: absent, damaged or made for another key.  *hash is of its bytes. */
void *ocl_cache_read(const char *dir, uint64_t key, size_t *bytes, uint64_t *hash);
/* Stores it unless its hash is `on_disk` already.  Failures cost time later, not results: they are silent. */
void ocl_cache_write(const char *dir, uint64_t key, const void *data, size_t bytes, uint64_t on_disk);

/* cl_buffer.c */
int ocl_alloc(struct mxb_dev *, uint64_t bytes, struct mxb_buf **out);
void ocl_release(struct mxb_dev *, struct mxb_buf *);
int ocl_upload(struct mxb_dev *, struct mxb_buf *, uint64_t off, const void *src, uint64_t n);
int ocl_download(struct mxb_dev *, struct mxb_buf *, uint64_t off, void *dst, uint64_t n);
/* The memory object of a binding: the buffer itself or its cached sub-buffer. */
int ocl_bind(struct ocl_dev *, const struct mxb_bind *, cl_mem *out);
/* Checks that bytes [off, off+len) lie in the buffer; `what` begins the text. */
int ocl_check_range(struct ocl_dev *, const struct mxb_buf *, uint64_t off, uint64_t len, const char *what);

/* cl_run.c */
int ocl_run(struct mxb_dev *, const struct mxb_step *, uint32_t n, uint32_t reps, struct mxb_time *);
#endif
