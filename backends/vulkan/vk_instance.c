/* The Vulkan loader and instance: opened at run time, so that the program starts on a machine without either. */
#include "vk_internal.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>

static const char validation_layer[] = "VK_LAYER_KHRONOS_validation";

const char *vk_result_name(VkResult r)
{
#define NAME(x) case x: return #x;
    switch ((int)r) {
    NAME(VK_SUCCESS) NAME(VK_NOT_READY) NAME(VK_TIMEOUT) NAME(VK_INCOMPLETE)
    NAME(VK_ERROR_OUT_OF_HOST_MEMORY) NAME(VK_ERROR_OUT_OF_DEVICE_MEMORY) NAME(VK_ERROR_INITIALIZATION_FAILED)
    NAME(VK_ERROR_DEVICE_LOST) NAME(VK_ERROR_MEMORY_MAP_FAILED) NAME(VK_ERROR_LAYER_NOT_PRESENT)
    NAME(VK_ERROR_EXTENSION_NOT_PRESENT) NAME(VK_ERROR_FEATURE_NOT_PRESENT) NAME(VK_ERROR_INCOMPATIBLE_DRIVER)
    NAME(VK_ERROR_TOO_MANY_OBJECTS) NAME(VK_ERROR_FORMAT_NOT_SUPPORTED) NAME(VK_ERROR_FRAGMENTED_POOL)
    NAME(VK_ERROR_UNKNOWN) NAME(VK_ERROR_OUT_OF_POOL_MEMORY) NAME(VK_ERROR_INVALID_EXTERNAL_HANDLE)
    NAME(VK_ERROR_FRAGMENTATION) NAME(VK_ERROR_INVALID_SHADER_NV) NAME(VK_ERROR_NOT_PERMITTED_KHR)
    NAME(VK_PIPELINE_COMPILE_REQUIRED)
    default: return "unknown VkResult";
    }
#undef NAME
}

__attribute__((format(printf, 3, 4)))
static void reason(struct instance *in, int rc, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(in->why, sizeof in->why, fmt, ap);
    va_end(ap);
    in->rc = rc;
}

static bool load_functions(struct instance *in, PFN_vkGetInstanceProcAddr get)
{
#define LOAD(f) in->fn.f = (PFN_vk##f)get(in->handle, "vk" #f);
    VK_INSTANCE_FUNCTIONS(LOAD)
    VK_DEBUG_FUNCTIONS(LOAD)
#undef LOAD
#define MISSING(f) if (!in->fn.f) { reason(in, MXB_EDEVICE, "the Vulkan loader lacks vk" #f); return false; }
    VK_INSTANCE_FUNCTIONS(MISSING)
#undef MISSING
    return true;
}

/* Layers and extensions are not enumerated beforehand: that makes the loader open every driver twice. */
static void create(struct instance *in, bool validate)
{
    void *lib = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);   /* stays open until the process ends */
    PFN_vkGetInstanceProcAddr get = lib ? (PFN_vkGetInstanceProcAddr)dlsym(lib, "vkGetInstanceProcAddr") : NULL;
    if (!get) {
        reason(in, MXB_ENOENT, "libvulkan.so.1 not found");
        return;
    }
    PFN_vkEnumerateInstanceVersion version = (PFN_vkEnumerateInstanceVersion)get(NULL, "vkEnumerateInstanceVersion");
    PFN_vkCreateInstance create_instance = (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
    if (!create_instance || !version || version(&in->api) != VK_SUCCESS || in->api < VK_API_VERSION_1_1) {
        reason(in, MXB_EUNSUP, "the Vulkan loader is older than 1.1");
        return;
    }
    if (in->api > VK_API_VERSION_1_3) {
        in->api = VK_API_VERSION_1_3;
    }
    const VkApplicationInfo app = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO, .pApplicationName = "mlxbench", .apiVersion = in->api,
    };
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO, .pApplicationInfo = &app,
        .enabledLayerCount = validate, .ppEnabledLayerNames = (const char *const[]){ validation_layer },
        .enabledExtensionCount = validate,
        .ppEnabledExtensionNames = (const char *const[]){ VK_EXT_DEBUG_UTILS_EXTENSION_NAME },
    };
    VkResult r = create_instance(&info, NULL, &in->handle);
    if (r == VK_ERROR_LAYER_NOT_PRESENT && validate) {
        reason(in, MXB_ENOENT, "the Vulkan validation layer %s is not installed", validation_layer);
        return;
    }
    if (r != VK_SUCCESS) {
        reason(in, MXB_ENOENT, "no Vulkan driver (%s)", vk_result_name(r));
        return;
    }
    if (!load_functions(in, get)) {
        return;
    }
    uint32_t n = VK_MAX_GPUS;
    r = in->fn.EnumeratePhysicalDevices(in->handle, &n, in->gpu);
    if (r != VK_SUCCESS && r != VK_INCOMPLETE) {
        reason(in, MXB_EDEVICE, "no device (vkEnumeratePhysicalDevices: %s)", vk_result_name(r));
        return;
    }
    in->ngpu = n;
    if (n == 0) {
        reason(in, MXB_ENOENT, "no device");
    }
}

/* Creating an instance opens every installed driver and costs more than anything else here, so it is done once and
 * kept.  A process has one device open, so at most one of the two exists in practice. */
const struct instance *vk_instance(bool validate)
{
    static struct instance plain, validating;
    struct instance *in = validate ? &validating : &plain;
    if (!in->tried) {
        in->tried = true;
        create(in, validate);
    }
    return in;
}

int vk_count(char *why, size_t whylen)
{
    const struct instance *in = vk_instance(false);
    if (in->ngpu == 0) {
        snprintf(why, whylen, "%s", in->why);
    }
    return (int)in->ngpu;
}
