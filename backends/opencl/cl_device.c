/* Finds OpenCL devices and describes them as struct mxb_caps. */
#include "cl_internal.h"

#define XXH_INLINE_ALL
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

/* Queries newer than OpenCL 1.2 or of extensions.  A device that does not know one answers CL_INVALID_VALUE. */
enum {
    DEVICE_MAX_NUM_SUB_GROUPS = 0x105C,     /* 2.1 */
    DEVICE_UUID_KHR = 0x106A,               /* cl_khr_device_uuid */
    DEVICE_SUB_GROUP_SIZES_INTEL = 0x4108,  /* cl_intel_required_subgroup_size */
    DEVICE_WARP_SIZE_NV = 0x4003,           /* cl_nv_device_attribute_query */
    DEVICE_WAVEFRONT_WIDTH_AMD = 0x4043     /* cl_amd_device_attribute_query */
};

enum { MAX_PLATFORMS = 32 };

int ocl_find(const struct ocl_api *cl, int index, struct ocl_id *out, char *why, size_t whylen)
{
    cl_platform_id platform[MAX_PLATFORMS];
    cl_uint nplatform = 0;
    if (cl->clGetPlatformIDs(MAX_PLATFORMS, platform, &nplatform) != CL_SUCCESS || nplatform == 0) {
        snprintf(why, whylen, "no OpenCL platform");
        return 0;
    }
    if (nplatform > MAX_PLATFORMS)
        nplatform = MAX_PLATFORMS;

    int count = 0;
    for (cl_uint p = 0; p < nplatform; p++) {
        cl_uint n = 0;
        if (cl->clGetDeviceIDs(platform[p], CL_DEVICE_TYPE_ALL, 0, NULL, &n) != CL_SUCCESS || n == 0)
            continue;                       /* CL_DEVICE_NOT_FOUND: a driver without its hardware */
        cl_device_id *device = calloc(n, sizeof *device);
        if (device && cl->clGetDeviceIDs(platform[p], CL_DEVICE_TYPE_ALL, n, device, NULL) == CL_SUCCESS) {
            if (index >= count && index - count < (int)n)
                *out = (struct ocl_id){ platform[p], device[index - count] };
            count += (int)n;
        }
        free(device);
    }
    if (count == 0)
        snprintf(why, whylen, "no OpenCL device on %u platform%s", nplatform, nplatform == 1 ? "" : "s");
    return count;
}

uint64_t ocl_query(const struct ocl_api *cl, cl_device_id id, cl_device_info what)
{
    union { cl_uint u32; cl_ulong u64; } v = { .u64 = 0 };
    size_t n = 0;
    if (cl->clGetDeviceInfo(id, what, sizeof v, &v, &n) != CL_SUCCESS)
        return 0;
    return n == sizeof v.u32 ? v.u32 : v.u64;
}

/* A driver's text without spaces around it, cut to len; "" if there is none. */
static void tidy(char *dst, size_t len, const char *src)
{
    while (isspace((unsigned char)*src))
        src++;
    snprintf(dst, len, "%s", src);
    for (size_t n = strlen(dst); n > 0 && isspace((unsigned char)dst[n - 1]); n--)
        dst[n - 1] = '\0';
}

static void device_text(const struct ocl_api *cl, cl_device_id id, cl_device_info what, char *dst, size_t len)
{
    char text[1024] = "";
    if (cl->clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS)
        text[0] = '\0';
    tidy(dst, len, text);
}

static void platform_text(const struct ocl_api *cl, cl_platform_id id, cl_platform_info what, char *dst, size_t len)
{
    char text[1024] = "";
    if (cl->clGetPlatformInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS)
        text[0] = '\0';
    tidy(dst, len, text);
}

/* Ends s after its first n words: "OpenCL 3.0 PoCL HSTR: ..." -> "OpenCL 3.0". */
static void keep_words(char *s, int n)
{
    for (; *s; s++)
        if (*s == ' ' && --n == 0)
            *s = '\0';
}

/* Space-separated list of the device's extensions, malloc'ed; NULL = none known. */
static char *extension_list(const struct ocl_api *cl, cl_device_id id)
{
    size_t n = 0;
    if (cl->clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, 0, NULL, &n) != CL_SUCCESS)
        return NULL;
    char *list = calloc(n + 1, 1);
    if (list && cl->clGetDeviceInfo(id, CL_DEVICE_EXTENSIONS, n, list, NULL) != CL_SUCCESS)
        list[0] = '\0';
    return list;
}

static bool has(const char *list, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = list; p && (p = strstr(p, name)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
            return true;
    return false;
}

/* MXB_FEAT_SUBGROUP promises arithmetic, shuffle and a width that kernels can size arrays by: all three or none. */
static void subgroups(const struct ocl_api *cl, cl_device_id id, const char *ext, struct mxb_caps *c)
{
    bool arithmetic = has(ext, "cl_khr_subgroups") || ocl_query(cl, id, DEVICE_MAX_NUM_SUB_GROUPS) > 0;
    if (!(arithmetic && has(ext, "cl_khr_subgroup_shuffle")) && !has(ext, "cl_intel_subgroups"))
        return;

    size_t sizes[16], n = 0;
    if (cl->clGetDeviceInfo(id, DEVICE_SUB_GROUP_SIZES_INTEL, sizeof sizes, sizes, &n) != CL_SUCCESS || n == 0) {
        sizes[0] = (size_t)ocl_query(cl, id, DEVICE_WARP_SIZE_NV);
        if (sizes[0] == 0)
            sizes[0] = (size_t)ocl_query(cl, id, DEVICE_WAVEFRONT_WIDTH_AMD);
        n = sizeof sizes[0];
    }
    if (sizes[0] == 0)
        return;
    c->sg_min = c->sg_max = (uint32_t)sizes[0];
    for (size_t i = 1; i < n / sizeof sizes[0]; i++) {
        if (sizes[i] < c->sg_min)
            c->sg_min = (uint32_t)sizes[i];
        if (sizes[i] > c->sg_max)
            c->sg_max = (uint32_t)sizes[i];
    }
    c->features |= MXB_FEAT_SUBGROUP;
}

static void features(const struct ocl_api *cl, cl_device_id id, struct mxb_caps *c)
{
    char profile[32];
    device_text(cl, id, CL_DEVICE_PROFILE, profile, sizeof profile);
    char *ext = extension_list(cl, id);

    /* vload_half and byte stores are core OpenCL C. */
    c->features = MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE;
    if (has(ext, "cl_khr_fp16"))
        c->features |= MXB_FEAT_F16_ARITH;
    if (strcmp(profile, "FULL_PROFILE") == 0 || has(ext, "cles_khr_int64"))
        c->features |= MXB_FEAT_INT64;
    if (has(ext, "cl_khr_integer_dot_product"))
        c->features |= MXB_FEAT_INT8_DOT;
    if (ocl_query(cl, id, CL_DEVICE_HOST_UNIFIED_MEMORY))
        c->features |= MXB_FEAT_UNIFIED_MEM;
    if (ocl_query(cl, id, CL_DEVICE_QUEUE_PROPERTIES) & CL_QUEUE_PROFILING_ENABLE) {
        c->features |= MXB_FEAT_DEVICE_TIME;
        c->tick_ns = (double)ocl_query(cl, id, CL_DEVICE_PROFILING_TIMER_RESOLUTION);
        c->ts_valid_bits = 64;
    }
    subgroups(cl, id, ext, c);

    unsigned char uuid[16];
    if (has(ext, "cl_khr_device_uuid") &&
        cl->clGetDeviceInfo(id, DEVICE_UUID_KHR, sizeof uuid, uuid, NULL) == CL_SUCCESS)
        for (int i = 0; i < 16; i++)
            snprintf(c->uuid + 2 * i, 3, "%02x", uuid[i]);
    free(ext);
}

static uint32_t u32(uint64_t v)
{
    return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

static void limits(const struct ocl_api *cl, cl_device_id id, struct mxb_caps *c)
{
    size_t dim[16] = { 1, 1, 1 };           /* OpenCL promises at least three; more dimensions are of no use here */
    if (cl->clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof dim, dim, NULL) != CL_SUCCESS)
        dim[0] = dim[1] = dim[2] = 1;
    c->max_wg = u32(ocl_query(cl, id, CL_DEVICE_MAX_WORK_GROUP_SIZE));
    bool wide = ocl_query(cl, id, CL_DEVICE_ADDRESS_BITS) > 32;
    for (int i = 0; i < 3; i++) {
        c->max_wg_dim[i] = u32(dim[i]);
        /* Only the global size, groups * local, has a limit: the device's size_t. */
        c->max_groups[i] = wide || c->max_wg_dim[i] == 0 ? UINT32_MAX : UINT32_MAX / c->max_wg_dim[i];
    }

    /* Arguments share one space: 8 bytes for each binding, the parameter block gets what they leave. */
    uint64_t space = ocl_query(cl, id, CL_DEVICE_MAX_PARAMETER_SIZE);
    uint64_t bind = space < MXB_MAX_PUSH ? 0 : (space - MXB_MAX_PUSH) / 8;
    c->max_bind = bind < MXB_MAX_BIND ? (uint32_t)bind : MXB_MAX_BIND;
    c->push_bytes = u32(space - 8 * c->max_bind);

    c->bind_align = u32(ocl_query(cl, id, CL_DEVICE_MEM_BASE_ADDR_ALIGN) / 8);
    if (c->bind_align == 0)
        c->bind_align = 1;
    c->units = u32(ocl_query(cl, id, CL_DEVICE_MAX_COMPUTE_UNITS));
    c->local_bytes = ocl_query(cl, id, CL_DEVICE_LOCAL_MEM_SIZE);
    c->mem_bytes = ocl_query(cl, id, CL_DEVICE_GLOBAL_MEM_SIZE);
    c->max_buffer = ocl_query(cl, id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    c->llc_bytes = ocl_query(cl, id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE);
}

void ocl_caps(const struct ocl_api *cl, const struct ocl_id *id, struct mxb_caps *out)
{
    struct mxb_caps c = { .device_id = 0 };  /* OpenCL has no device number */
    device_text(cl, id->device, CL_DEVICE_NAME, c.name, sizeof c.name);
    device_text(cl, id->device, CL_DRIVER_VERSION, c.driver_version, sizeof c.driver_version);
    platform_text(cl, id->platform, CL_PLATFORM_NAME, c.driver, sizeof c.driver);

    char version[64], lang[64];
    device_text(cl, id->device, CL_DEVICE_VERSION, version, sizeof version);
    device_text(cl, id->device, CL_DEVICE_OPENCL_C_VERSION, lang, sizeof lang);
    keep_words(version, 2);
    keep_words(lang, 3);
    snprintf(c.api, sizeof c.api, "%.20s (%.20s)", version, lang);

    c.vendor_id = u32(ocl_query(cl, id->device, CL_DEVICE_VENDOR_ID));
    features(cl, id->device, &c);
    limits(cl, id->device, &c);

    uint64_t type = ocl_query(cl, id->device, CL_DEVICE_TYPE);
    if (type & CL_DEVICE_TYPE_CPU)
        c.kind = MXB_KIND_CPU;
    else if (type & CL_DEVICE_TYPE_GPU)
        c.kind = c.features & MXB_FEAT_UNIFIED_MEM ? MXB_KIND_INTEGRATED : MXB_KIND_DISCRETE;
    else
        c.kind = MXB_KIND_OTHER;
    *out = c;
}

unsigned ocl_c_version(const struct ocl_api *cl, cl_device_id id)
{
    char text[64];
    unsigned major = 1, minor = 0;
    device_text(cl, id, CL_DEVICE_OPENCL_C_VERSION, text, sizeof text);
    return sscanf(text, "OpenCL C %u.%u", &major, &minor) == 2 ? 100 * major + minor : 100;
}

uint64_t ocl_identity(const struct ocl_api *cl, const struct ocl_id *id)
{
    enum { PARTS = 6 };
    char text[PARTS][256];
    memset(text, 0, sizeof text);            /* it is hashed whole */
    platform_text(cl, id->platform, CL_PLATFORM_NAME, text[0], sizeof text[0]);
    platform_text(cl, id->platform, CL_PLATFORM_VERSION, text[1], sizeof text[1]);
    device_text(cl, id->device, CL_DEVICE_NAME, text[2], sizeof text[2]);
    device_text(cl, id->device, CL_DEVICE_VERSION, text[3], sizeof text[3]);
    device_text(cl, id->device, CL_DRIVER_VERSION, text[4], sizeof text[4]);
    device_text(cl, id->device, CL_DEVICE_VENDOR, text[5], sizeof text[5]);
    return XXH3_64bits(text, sizeof text);
}

int ocl_count(char *why, size_t whylen)
{
    struct ocl_api cl;
    struct ocl_id id;
    if (ocl_load(&cl, OCL_SONAME, why, whylen) < 0)
        return 0;
    return ocl_find(&cl, -1, &id, why, whylen);
}

int ocl_select(int index, struct ocl_api *cl, struct ocl_id *id, char *err, size_t errlen)
{
    if (ocl_load(cl, OCL_SONAME, err, errlen) < 0)
        return MXB_EINVAL;
    int n = ocl_find(cl, index, id, err, errlen);
    if (n > 0 && (index < 0 || index >= n))
        snprintf(err, errlen, "Invalid argument: no OpenCL device %d, there %s %d", index, n == 1 ? "is" : "are", n);
    return index >= 0 && index < n ? MXB_OK : MXB_EINVAL;
}

int ocl_info(int index, struct mxb_caps *out, char *err, size_t errlen)
{
    struct ocl_api cl;
    struct ocl_id id;
    int rc = ocl_select(index, &cl, &id, err, errlen);
    if (rc == MXB_OK)
        ocl_caps(&cl, &id, out);
    return rc;
}
