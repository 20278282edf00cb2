/* Tests the OpenCL backend without a driver: the loader's failures, the order of devices, and the description of
 * devices that no test machine has, answered by functions of this file in place of a driver's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/opencl/cl_internal.h"
#include "backends/opencl/opencl.h"

/* One answer of an imaginary device: a number of `bytes` bytes, a text, or raw bytes. */
struct answer { cl_device_info what; const void *data; size_t bytes; };
#define NUM32(what, v) { what, &(const cl_uint){ v }, sizeof(cl_uint) }
#define NUM64(what, v) { what, &(const cl_ulong){ v }, sizeof(cl_ulong) }
#define TEXT(what, s) { what, s, sizeof s }
#define BYTES(what, ...) { what, &(__VA_ARGS__), sizeof(__VA_ARGS__) }
#define COMMON TEXT(CL_DEVICE_PROFILE, "FULL_PROFILE"), NUM64(CL_DEVICE_MAX_WORK_GROUP_SIZE, 1024), \
    BYTES(CL_DEVICE_MAX_WORK_ITEM_SIZES, (const size_t[3]){ 1024, 512, 64 }), NUM64(CL_DEVICE_LOCAL_MEM_SIZE, 65536), \
    NUM64(CL_DEVICE_MAX_PARAMETER_SIZE, 2048), NUM32(CL_DEVICE_MEM_BASE_ADDR_ALIGN, 1024), \
    NUM32(CL_DEVICE_MAX_COMPUTE_UNITS, 96), NUM64(CL_DEVICE_GLOBAL_MEM_SIZE, 17179869184), \
    NUM64(CL_DEVICE_MAX_MEM_ALLOC_SIZE, 4294967296), NUM64(CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, 4194304)

#define INTEL \
    COMMON, \
    TEXT(CL_DEVICE_NAME, "  Graphics [0x1234]  "), \
    TEXT(CL_DEVICE_VERSION, "OpenCL 3.0 NEO "), \
    TEXT(CL_DEVICE_OPENCL_C_VERSION, "OpenCL C 1.2 "), \
    TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_fp16 cl_intel_subgroups cl_khr_device_uuid cl_khr_integer_dot_product"), \
    BYTES(0x4108, (const size_t[3]){ 16, 8, 32 }), \
    BYTES(0x106A, (const unsigned char[16]){ 0x86, 0x80, 0x34, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff }), \
    NUM64(CL_DEVICE_TYPE, CL_DEVICE_TYPE_GPU), NUM32(CL_DEVICE_VENDOR_ID, 0x8086), NUM32(CL_DEVICE_ADDRESS_BITS, 64), \
    NUM32(CL_DEVICE_HOST_UNIFIED_MEMORY, CL_TRUE), NUM64(CL_DEVICE_QUEUE_PROPERTIES, CL_QUEUE_PROFILING_ENABLE), \
    NUM64(CL_DEVICE_PROFILING_TIMER_RESOLUTION, 52)
static const struct answer intel_gpu[] = { INTEL, TEXT(CL_DRIVER_VERSION, "23.5.1") };
static const struct answer updated_gpu[] = { INTEL, TEXT(CL_DRIVER_VERSION, "23.5.2") };
static const struct answer bare_gpu[] = {    /* half precision only by the look of a longer name; shuffle is missing */
    COMMON,
    TEXT(CL_DEVICE_NAME, "Bare"),
    TEXT(CL_DEVICE_VERSION, "OpenCL 1.2"),
    TEXT(CL_DEVICE_OPENCL_C_VERSION, "OpenCL C 1.1 x"),
    TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_fp16_extra my_cl_khr_fp16 cl_khr_subgroups"),
    NUM64(CL_DEVICE_TYPE, CL_DEVICE_TYPE_GPU), NUM32(CL_DEVICE_ADDRESS_BITS, 32),
    NUM32(0x4003, 32),
};
static const struct answer warp_gpu[] = {
    COMMON,
    TEXT(CL_DEVICE_EXTENSIONS, "cl_khr_subgroup_shuffle"),
    NUM32(0x105C, 32), NUM32(0x4003, 32),
    NUM64(CL_DEVICE_TYPE, CL_DEVICE_TYPE_ACCELERATOR), NUM32(CL_DEVICE_ADDRESS_BITS, 64),
};
static const struct { const struct answer *answer; size_t n; } devices[] = {
    { intel_gpu, MXB_COUNT(intel_gpu) }, { bare_gpu, MXB_COUNT(bare_gpu) }, { warp_gpu, MXB_COUNT(warp_gpu) },
    { updated_gpu, MXB_COUNT(updated_gpu) },
};

/* Handles are addresses of array elements: platform 1 has no devices, platform 0 has one, platform 2 the others. */
static char platforms[3], handles[MXB_COUNT(devices)];

static cl_int CL_API_CALL device_info(cl_device_id id, cl_device_info what, size_t len, void *out, size_t *got)
{
    size_t i = (size_t)((char *)id - handles);
    for (size_t k = 0; k < devices[i].n; k++) {
        const struct answer *a = &devices[i].answer[k];
        if (a->what != what)
            continue;
        if (out && len < a->bytes)
            return CL_INVALID_VALUE;
        if (out)
            memcpy(out, a->data, a->bytes);
        if (got)
            *got = a->bytes;
        return CL_SUCCESS;
    }
    return CL_INVALID_VALUE;
}

static cl_int CL_API_CALL platform_info(cl_platform_id id, cl_platform_info what, size_t len, void *out, size_t *got)
{
    (void)id, (void)got;
    if (what != CL_PLATFORM_NAME || len < 8)
        return CL_INVALID_VALUE;
    memcpy(out, "Imagine", 8);
    return CL_SUCCESS;
}

static cl_int CL_API_CALL platform_ids(cl_uint len, cl_platform_id *out, cl_uint *n)
{
    for (cl_uint i = 0; i < 3 && i < len; i++)
        out[i] = (cl_platform_id)(void *)&platforms[i];
    *n = 3;
    return CL_SUCCESS;
}

static cl_int CL_API_CALL device_ids(cl_platform_id p, cl_device_type type, cl_uint len, cl_device_id *out, cl_uint *n)
{
    assert_int_equal(type, CL_DEVICE_TYPE_ALL);
    const size_t which = (size_t)((char *)p - platforms), begin[] = { 0, 1, 1, MXB_COUNT(devices) };
    cl_uint count = (cl_uint)(begin[which + 1] - begin[which]);
    for (cl_uint i = 0; out && i < count && i < len; i++)
        out[i] = (cl_device_id)(void *)&handles[begin[which] + i];
    if (n)
        *n = count;
    return count ? CL_SUCCESS : CL_DEVICE_NOT_FOUND;
}

static cl_int CL_API_CALL no_device_ids(cl_platform_id p, cl_device_type type, cl_uint len, cl_device_id *out,
                                        cl_uint *n)
{
    (void)p, (void)type, (void)len, (void)out, (void)n;
    return CL_DEVICE_NOT_FOUND;
}

static const struct ocl_api fake = {
    .clGetPlatformIDs = platform_ids, .clGetPlatformInfo = platform_info,
    .clGetDeviceIDs = device_ids, .clGetDeviceInfo = device_info,
};

static void describe(int index, struct mxb_caps *c)
{
    struct ocl_id id;
    char why[MXB_ERRLEN];
    assert_int_equal(ocl_find(&fake, index, &id, why, sizeof why), MXB_COUNT(devices));
    memset(c, 0x5a, sizeof *c);              /* every field must be written */
    ocl_caps(&fake, &id, c);
}

static void test_order(void **state)
{
    (void)state;
    static const size_t platform[] = { 0, 2, 2, 2 };
    char why[MXB_ERRLEN] = "";
    for (int i = 0; i < 4; i++) {
        struct ocl_id id = { NULL, NULL };
        assert_int_equal(ocl_find(&fake, i, &id, why, sizeof why), 4);
        assert_ptr_equal(id.device, &handles[i]);
        assert_ptr_equal(id.platform, &platforms[platform[i]]);
    }
    struct ocl_api none = fake;
    none.clGetDeviceIDs = no_device_ids;
    struct ocl_id id;
    assert_int_equal(ocl_find(&none, 0, &id, why, sizeof why), 0);
    assert_string_equal(why, "no OpenCL device on 3 platforms");
}

static void test_integrated(void **state)
{
    (void)state;
    struct mxb_caps c;
    describe(0, &c);
    assert_string_equal(c.name, "Graphics [0x1234]");
    assert_string_equal(c.driver, "Imagine");
    assert_string_equal(c.driver_version, "23.5.1");
    assert_string_equal(c.api, "OpenCL 3.0 (OpenCL C 1.2)");
    assert_string_equal(c.uuid, "868034120000000000000000000000ff");
    assert_int_equal(c.vendor_id, 0x8086);
    assert_int_equal(c.kind, MXB_KIND_INTEGRATED);
    assert_int_equal(c.features, MXB_FEAT_F16_STORAGE | MXB_FEAT_F16_ARITH | MXB_FEAT_U8_STORAGE | MXB_FEAT_SUBGROUP |
                     MXB_FEAT_INT8_DOT | MXB_FEAT_INT64 | MXB_FEAT_UNIFIED_MEM | MXB_FEAT_DEVICE_TIME);
    assert_int_equal(c.max_wg, 1024);
    assert_int_equal(c.max_wg_dim[0], 1024);
    assert_int_equal(c.max_wg_dim[1], 512);
    assert_int_equal(c.max_wg_dim[2], 64);
    assert_int_equal(c.max_groups[0], UINT32_MAX);
    assert_int_equal(c.sg_min, 8);
    assert_int_equal(c.sg_max, 32);
    assert_int_equal(c.max_bind, MXB_MAX_BIND);
    assert_int_equal(c.push_bytes, 2048 - 8 * MXB_MAX_BIND);
    assert_int_equal(c.bind_align, 128);
    assert_int_equal(c.units, 96);
    assert_int_equal(c.local_bytes, 65536);
    assert_int_equal(c.mem_bytes, 17179869184);
    assert_int_equal(c.max_buffer, 4294967296);
    assert_int_equal(c.llc_bytes, 4194304);
    assert_true(c.tick_ns == 52.0);
    assert_int_equal(c.ts_valid_bits, 64);
}

static void test_bare(void **state)
{
    (void)state;
    struct mxb_caps c;
    describe(1, &c);
    assert_int_equal(c.kind, MXB_KIND_DISCRETE);
    assert_int_equal(c.features, MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE | MXB_FEAT_INT64);
    assert_int_equal(c.sg_max, 0);
    assert_string_equal(c.uuid, "");
    assert_string_equal(c.driver_version, "");
    assert_true(c.tick_ns == 0.0);
    assert_int_equal(c.ts_valid_bits, 0);
    assert_int_equal(c.max_groups[1], UINT32_MAX / 512);
    assert_int_equal(ocl_c_version(&fake, (cl_device_id)(void *)&handles[1]), 101);
}

static void test_warp(void **state)
{
    (void)state;
    struct mxb_caps c;
    describe(2, &c);
    assert_int_equal(c.kind, MXB_KIND_OTHER);
    assert_true(c.features & MXB_FEAT_SUBGROUP);
    assert_int_equal(c.sg_min, 32);
    assert_int_equal(c.sg_max, 32);
    assert_int_equal(ocl_c_version(&fake, (cl_device_id)(void *)&handles[2]), 100);
}

/* A cached binary must not outlive an update of its driver. */
static void test_identity(void **state)
{
    (void)state;
    struct ocl_id old, updated;
    char why[MXB_ERRLEN];
    ocl_find(&fake, 0, &old, why, sizeof why);
    ocl_find(&fake, 3, &updated, why, sizeof why);
    uint64_t id = ocl_identity(&fake, &old);
    assert_true(id == ocl_identity(&fake, &old));
    assert_true(id != ocl_identity(&fake, &updated));
}

static void test_loader(void **state)
{
    (void)state;
    struct ocl_api cl;
    char why[MXB_ERRLEN] = "";
    assert_int_equal(ocl_load(&cl, "libmxb-absent.so.1", why, sizeof why), MXB_ENOENT);
    assert_non_null(strstr(why, "libmxb-absent.so.1 not found"));
    assert_int_equal(ocl_load(&cl, "libm.so.6", why, sizeof why), MXB_ENOENT);
    assert_string_equal(why, "libm.so.6 has no clGetPlatformIDs: OpenCL 1.2 is needed");
}

/* In a child: the loader reads the variable once in the life of a process. */
static void test_no_platform(void **state)
{
    (void)state;
    char why[MXB_ERRLEN] = "";
    struct ocl_api cl;
    if (ocl_load(&cl, OCL_SONAME, why, sizeof why) < 0)
        skip();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct mxb_caps caps;
        setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
        bool ok = mxb_backend_opencl.count(why, sizeof why) == 0 && strcmp(why, "no OpenCL platform") == 0 &&
                  mxb_backend_opencl.info(0, &caps, why, sizeof why) == MXB_EINVAL;
        _exit(ok ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_errors(void **state)
{
    (void)state;
    char err[MXB_ERRLEN];
    assert_string_equal(ocl_error_name(CL_INVALID_WORK_GROUP_SIZE), "CL_INVALID_WORK_GROUP_SIZE");
    assert_string_equal(ocl_error_name(-1001), "CL_PLATFORM_NOT_FOUND_KHR");
    assert_string_equal(ocl_error_name(-4242), "unknown OpenCL error");
    assert_int_equal(ocl_error(CL_OUT_OF_RESOURCES, "clFinish", err, sizeof err), MXB_EDEVICE);
    assert_string_equal(err, "clFinish: CL_OUT_OF_RESOURCES (-5)");
    assert_int_equal(ocl_error(CL_MEM_OBJECT_ALLOCATION_FAILURE, "x", err, sizeof err), MXB_ENOMEM);
    assert_int_equal(ocl_error(CL_COMPILER_NOT_AVAILABLE, "x", err, sizeof err), MXB_EUNSUP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loader), cmocka_unit_test(test_no_platform), cmocka_unit_test(test_errors),
        cmocka_unit_test(test_order), cmocka_unit_test(test_integrated), cmocka_unit_test(test_bare),
        cmocka_unit_test(test_warp), cmocka_unit_test(test_identity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
