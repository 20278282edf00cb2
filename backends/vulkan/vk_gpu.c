/* What a physical device can do: feature chain, limits, memory, queue family. */
#include "vk_internal.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    COOPMAT_KHR_FEATURES = 1000506000,   /* VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR */
    BFLOAT16_FEATURES = 1000141000       /* VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_BFLOAT16_FEATURES_KHR */
};

struct extensions { VkExtensionProperties *v; uint32_t n; };

struct properties {
    VkPhysicalDeviceProperties2 base;
    VkPhysicalDeviceIDProperties id;
    VkPhysicalDeviceMaintenance3Properties maintenance3;
    VkPhysicalDeviceMaintenance4Properties maintenance4;
    VkPhysicalDeviceSubgroupProperties subgroup;
    VkPhysicalDeviceSubgroupSizeControlProperties subgroup_size;
    VkPhysicalDeviceDriverProperties driver;
    VkPhysicalDeviceShaderSMBuiltinsPropertiesNV nv;
    VkPhysicalDeviceShaderCorePropertiesAMD amd;
};

__attribute__((format(printf, 4, 5)))
static int fail(char *err, size_t errlen, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(err, errlen, fmt, ap);
    va_end(ap);
    return code;
}

static bool has(const struct extensions *x, const char *name)
{
    for (uint32_t i = 0; i < x->n; i++) {
        if (strcmp(x->v[i].extensionName, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A feature is there from version `core` on (0: never) or through an extension, which must then be enabled. */
static bool usable(struct gpu *g, const struct extensions *x, uint32_t core, const char *name)
{
    if (core != 0 && g->api >= core) {
        return true;
    }
    if (!has(x, name)) {
        return false;
    }
    g->extension[g->nextension++] = name;
    return true;
}

/* The next link of a pNext chain; `tail` is where the chain ends. */
#define LINK(tail, s, type) ((s).sType = (VkStructureType)(type), (s).pNext = NULL, *(tail) = &(s), (tail) = &(s).pNext)

static void query_features(const struct instance *in, const struct extensions *x, struct gpu *g)
{
    struct features *f = &g->features;
    f->base.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2;
    void **tail = &f->base.pNext;
    LINK(tail, f->storage16, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES);
    if (usable(g, x, VK_API_VERSION_1_2, "VK_KHR_8bit_storage")) {
        LINK(tail, f->storage8, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_8BIT_STORAGE_FEATURES);
    }
    if (usable(g, x, VK_API_VERSION_1_2, "VK_KHR_shader_float16_int8")) {
        LINK(tail, f->float16_int8, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES);
    }
    if (usable(g, x, VK_API_VERSION_1_2, "VK_KHR_shader_subgroup_extended_types")) {
        LINK(tail, f->subgroup_types, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SUBGROUP_EXTENDED_TYPES_FEATURES);
    }
    if (usable(g, x, VK_API_VERSION_1_2, "VK_KHR_vulkan_memory_model")) {
        LINK(tail, f->memory_model, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES);
    }
    if (usable(g, x, VK_API_VERSION_1_3, "VK_EXT_subgroup_size_control")) {
        LINK(tail, f->subgroup_size, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES);
    }
    if (usable(g, x, VK_API_VERSION_1_3, "VK_KHR_shader_integer_dot_product")) {
        LINK(tail, f->int_dot, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES);
    }
    if (usable(g, x, 0, "VK_NV_cooperative_matrix")) {
        LINK(tail, f->coopmat_nv, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV);
    }
    if (usable(g, x, 0, "VK_KHR_cooperative_matrix")) {
        LINK(tail, f->coopmat_khr, COOPMAT_KHR_FEATURES);
    }
    if (usable(g, x, 0, "VK_KHR_shader_bfloat16")) {
        LINK(tail, f->bfloat16, BFLOAT16_FEATURES);
    }
    in->fn.GetPhysicalDeviceFeatures2(g->handle, &f->base);

    /* Robust access adds bounds checks to the kernels that are timed; the rest no kernel uses. */
    const VkPhysicalDeviceFeatures all = f->base.features;
    f->base.features = (VkPhysicalDeviceFeatures){ .shaderInt64 = all.shaderInt64, .shaderInt16 = all.shaderInt16 };
    f->coopmat_nv.cooperativeMatrixRobustBufferAccess = VK_FALSE;
    f->coopmat_khr.robust_access = VK_FALSE;
}

static void query_properties(const struct instance *in, const struct extensions *x, struct gpu *g, struct properties *p)
{
    p->base.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2;
    void **tail = &p->base.pNext;
    LINK(tail, p->id, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES);
    LINK(tail, p->maintenance3, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES);
    LINK(tail, p->subgroup, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES);
    if (g->api >= VK_API_VERSION_1_3) {
        LINK(tail, p->maintenance4, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES);
    }
    if (g->api >= VK_API_VERSION_1_3 || has(x, "VK_EXT_subgroup_size_control")) {
        LINK(tail, p->subgroup_size, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES);
    }
    if (g->api >= VK_API_VERSION_1_2 || has(x, "VK_KHR_driver_properties")) {
        LINK(tail, p->driver, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES);
    }
    if (has(x, "VK_NV_shader_sm_builtins")) {
        LINK(tail, p->nv, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV);
    }
    if (has(x, "VK_AMD_shader_core_properties")) {
        LINK(tail, p->amd, VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_AMD);
    }
    in->fn.GetPhysicalDeviceProperties2(g->handle, &p->base);
}

/* Queue family with compute, the one with the most timestamp bits, the first of equals. */
static bool choose_family(const struct instance *in, struct gpu *g)
{
    VkQueueFamilyProperties f[16];
    uint32_t n = MXB_COUNT(f);
    bool found = false;
    in->fn.GetPhysicalDeviceQueueFamilyProperties(g->handle, &n, f);
    for (uint32_t i = 0; i < n; i++) {
        if ((f[i].queueFlags & VK_QUEUE_COMPUTE_BIT) && (!found || f[i].timestampValidBits > g->caps.ts_valid_bits)) {
            found = true;
            g->family = i;
            g->caps.ts_valid_bits = f[i].timestampValidBits;
        }
    }
    return found;
}

/* The largest device-local heap, and whether all of it can be mapped. */
static bool choose_heap(const struct instance *in, struct gpu *g)
{
    const VkMemoryPropertyFlags unified = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                          VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties *m = &g->memory;
    in->fn.GetPhysicalDeviceMemoryProperties(g->handle, m);
    for (uint32_t i = 0; i < m->memoryHeapCount; i++) {
        if ((m->memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) && m->memoryHeaps[i].size > g->caps.mem_bytes) {
            g->heap = i;
            g->caps.mem_bytes = m->memoryHeaps[i].size;
        }
    }
    for (uint32_t i = 0; i < m->memoryTypeCount; i++) {
        if (m->memoryTypes[i].heapIndex == g->heap && (m->memoryTypes[i].propertyFlags & unified) == unified) {
            return true;
        }
    }
    return false;
}

static uint64_t feature_bits(const struct gpu *g, const struct properties *p, bool unified)
{
    const struct features *f = &g->features;
    const VkSubgroupFeatureFlags subgroup = VK_SUBGROUP_FEATURE_ARITHMETIC_BIT | VK_SUBGROUP_FEATURE_SHUFFLE_BIT;
    const struct { bool have; uint64_t bit; } map[] = {
        { f->storage16.storageBuffer16BitAccess, MXB_FEAT_F16_STORAGE },
        { f->float16_int8.shaderFloat16, MXB_FEAT_F16_ARITH },
        { f->bfloat16.type && (f->bfloat16.matrix || !f->coopmat_khr.matrix), MXB_FEAT_BF16_ARITH },
        { f->storage8.storageBuffer8BitAccess, MXB_FEAT_U8_STORAGE },
        { (p->subgroup.supportedStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
          (p->subgroup.supportedOperations & subgroup) == subgroup, MXB_FEAT_SUBGROUP },
        { f->int_dot.shaderIntegerDotProduct, MXB_FEAT_INT8_DOT },
        { f->base.features.shaderInt64, MXB_FEAT_INT64 },
        { f->coopmat_khr.matrix, MXB_FEAT_COOPMAT_KHR },
        { f->coopmat_nv.cooperativeMatrix, MXB_FEAT_COOPMAT_NV },
        { unified, MXB_FEAT_UNIFIED_MEM },
        { g->caps.ts_valid_bits > 0, MXB_FEAT_DEVICE_TIME },
    };
    uint64_t bits = 0;
    for (size_t i = 0; i < MXB_COUNT(map); i++) {
        bits |= map[i].have ? map[i].bit : 0;
    }
    return bits;
}

static enum mxb_device_kind kind(VkPhysicalDeviceType t)
{
    switch (t) {
    case VK_PHYSICAL_DEVICE_TYPE_CPU: return MXB_KIND_CPU;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: return MXB_KIND_INTEGRATED;
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: return MXB_KIND_DISCRETE;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: return MXB_KIND_VIRTUAL;
    default: return MXB_KIND_OTHER;
    }
}

static void fill_identity(const struct properties *p, uint32_t api, struct mxb_caps *c)
{
    const VkPhysicalDeviceProperties *b = &p->base.properties;
    const VkPhysicalDeviceDriverProperties *d = &p->driver;
    snprintf(c->name, sizeof c->name, "%.*s", (int)sizeof c->name - 1, b->deviceName);
    snprintf(c->driver, sizeof c->driver, "%.*s", (int)sizeof c->driver - 1, d->driverName);
    if (d->driverInfo[0] != '\0') {
        snprintf(c->driver_version, sizeof c->driver_version, "%.*s", (int)sizeof c->driver_version - 1, d->driverInfo);
    } else {
        snprintf(c->driver_version, sizeof c->driver_version, "%u.%u.%u", VK_API_VERSION_MAJOR(b->driverVersion),
                 VK_API_VERSION_MINOR(b->driverVersion), VK_API_VERSION_PATCH(b->driverVersion));
    }
    snprintf(c->api, sizeof c->api, "Vulkan %u.%u.%u", VK_API_VERSION_MAJOR(api), VK_API_VERSION_MINOR(api),
             VK_API_VERSION_PATCH(api));
    for (size_t i = 0; i < VK_UUID_SIZE; i++) {
        snprintf(c->uuid + 2 * i, sizeof c->uuid - 2 * i, "%02x", p->id.deviceUUID[i]);
    }
    c->vendor_id = b->vendorID;
    c->device_id = b->deviceID;
    c->kind = kind(b->deviceType);
}

static uint32_t min_u32(uint32_t a, uint32_t b) { return a < b ? a : b; }
static uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }

static void fill_limits(const struct properties *p, struct gpu *g)
{
    const VkPhysicalDeviceLimits *l = &p->base.properties.limits;
    struct mxb_caps *c = &g->caps;
    c->max_wg = l->maxComputeWorkGroupInvocations;
    for (int i = 0; i < 3; i++) {
        c->max_wg_dim[i] = l->maxComputeWorkGroupSize[i];
        c->max_groups[i] = l->maxComputeWorkGroupCount[i];
    }
    c->sg_min = c->sg_max = p->subgroup.subgroupSize;
    if (p->subgroup_size.maxSubgroupSize != 0) {
        c->sg_min = p->subgroup_size.minSubgroupSize;
        c->sg_max = p->subgroup_size.maxSubgroupSize;
    }
    c->push_bytes = l->maxPushConstantsSize;
    c->max_bind = min_u32(l->maxPerStageDescriptorStorageBuffers, l->maxDescriptorSetStorageBuffers);
    c->bind_align = (uint32_t)l->minStorageBufferOffsetAlignment;
    c->local_bytes = l->maxComputeSharedMemorySize;
    g->max_alloc = min_u64(p->maintenance3.maxMemoryAllocationSize, c->mem_bytes);
    if (p->maintenance4.maxBufferSize != 0) {
        g->max_alloc = min_u64(g->max_alloc, p->maintenance4.maxBufferSize);
    }
    c->max_buffer = min_u64(l->maxStorageBufferRange, g->max_alloc);
    c->tick_ns = c->ts_valid_bits > 0 ? (double)l->timestampPeriod : 0;
    c->units = p->nv.shaderSMCount;
    if (p->amd.shaderEngineCount != 0) {
        c->units = p->amd.shaderEngineCount * p->amd.shaderArraysPerEngineCount * p->amd.computeUnitsPerShaderArray;
    }
    if (c->kind == MXB_KIND_CPU) {   /* it is the host's processor */
        const long cores = sysconf(_SC_NPROCESSORS_ONLN), llc = sysconf(_SC_LEVEL3_CACHE_SIZE);
        c->units = cores > 0 ? (uint32_t)cores : 0;
        c->llc_bytes = llc > 0 ? (uint64_t)llc : 0;
    }
}

int vk_describe(const struct instance *in, int index, struct gpu *g, char *err, size_t errlen)
{
    memset(g, 0, sizeof *g);
    if (index < 0 || (uint32_t)index >= in->ngpu) {
        return fail(err, errlen, MXB_EINVAL, "Invalid argument: no Vulkan device %d, %u found", index, in->ngpu);
    }
    g->handle = in->gpu[index];
    VkPhysicalDeviceProperties old;   /* the only query that a 1.0 device answers */
    in->fn.GetPhysicalDeviceProperties(g->handle, &old);
    g->api = min_u32(in->api, old.apiVersion);
    if (g->api < VK_API_VERSION_1_1) {
        return fail(err, errlen, MXB_EUNSUP, "%s: supports Vulkan 1.0 only, 1.1 is needed", old.deviceName);
    }
    if (!choose_family(in, g)) {
        return fail(err, errlen, MXB_EUNSUP, "%s: has no compute queue", old.deviceName);
    }

    struct extensions x = { 0 };
    VkResult r = in->fn.EnumerateDeviceExtensionProperties(g->handle, NULL, &x.n, NULL);
    x.v = calloc(x.n + 1, sizeof *x.v);
    if (!x.v) {
        return fail(err, errlen, MXB_ENOMEM, "out of memory: %u extension names", x.n);
    }
    r = r == VK_SUCCESS ? in->fn.EnumerateDeviceExtensionProperties(g->handle, NULL, &x.n, x.v) : r;
    if (r != VK_SUCCESS) {
        free(x.v);
        return fail(err, errlen, MXB_EDEVICE, "%s: vkEnumerateDeviceExtensionProperties: %s", old.deviceName,
                    vk_result_name(r));
    }
    struct properties p = { 0 };
    query_features(in, &x, g);
    query_properties(in, &x, g, &p);
    free(x.v);
    fill_identity(&p, old.apiVersion, &g->caps);
    const bool unified = choose_heap(in, g);
    fill_limits(&p, g);
    g->caps.features = feature_bits(g, &p, unified);
    memcpy(g->cache_uuid, p.base.properties.pipelineCacheUUID, VK_UUID_SIZE);
    memcpy(g->device_uuid, p.id.deviceUUID, VK_UUID_SIZE);
    return MXB_OK;
}

int vk_info(int index, struct mxb_caps *out, char *err, size_t errlen)
{
    struct gpu g;
    int rc = vk_describe(vk_instance(false), index, &g, err, errlen);
    if (rc == MXB_OK) {
        *out = g.caps;
    }
    return rc;
}
