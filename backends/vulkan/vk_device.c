/* Opening and closing a Vulkan device, validation messages, and the backend's table. */
#include "vk_internal.h"
#include "vulkan.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vk_fail(struct device *d, const char *what, VkResult r)
{
    const bool memory = r == VK_ERROR_OUT_OF_HOST_MEMORY || r == VK_ERROR_OUT_OF_DEVICE_MEMORY;
    return mxb_fail(&d->base, memory ? MXB_ENOMEM : MXB_EDEVICE, "%s: %s", what, vk_result_name(r));
}

void vk_clear_message(struct device *d) { d->message[0] = '\0'; }

int vk_verdict(struct device *d, int rc, int code)
{
    return rc == MXB_OK && d->message[0] != '\0' ? mxb_fail(&d->base, code, "%s", d->message) : rc;
}

void vk_set_name(struct device *d, VkObjectType type, uint64_t handle, const char *name)
{
    if (d->messenger && name) {
        const VkDebugUtilsObjectNameInfoEXT info = {
            .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
            .objectType = type, .objectHandle = handle, .pObjectName = name,
        };
        d->in->fn.SetDebugUtilsObjectNameEXT(d->handle, &info);
    }
}

/* The first error of a call is the cause, later ones mostly follow from it. */
static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                 VkDebugUtilsMessageTypeFlagsEXT types,
                                                 const VkDebugUtilsMessengerCallbackDataEXT *data, void *device)
{
    struct device *d = device;
    const char *text = data->pMessage ? data->pMessage : "no text";
    (void)severity, (void)types;
    /* A layer older than the driver does not know all of the driver's features, which is no error of the caller's. */
    if (d->message[0] == '\0' && !strstr(text, "unknown VkStructureType")) {
        snprintf(d->message, sizeof d->message, "validation: %s", text);
        for (char *c = d->message; *c; c++) {
            *c = *c == '\n' || *c == '\r' ? ' ' : *c;
        }
    }
    return VK_FALSE;
}

static int create_messenger(struct device *d)
{
    const struct instance_functions *fn = &d->in->fn;
    if (!fn->CreateDebugUtilsMessengerEXT || !fn->DestroyDebugUtilsMessengerEXT || !fn->SetDebugUtilsObjectNameEXT) {
        return mxb_fail(&d->base, MXB_ENOENT, "the Vulkan loader lacks " VK_EXT_DEBUG_UTILS_EXTENSION_NAME);
    }
    const VkDebugUtilsMessengerCreateInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = on_message, .pUserData = d,
    };
    VkResult r = fn->CreateDebugUtilsMessengerEXT(d->in->handle, &info, NULL, &d->messenger);
    return r == VK_SUCCESS ? MXB_OK : vk_fail(d, "vkCreateDebugUtilsMessengerEXT", r);
}

static int create_device(struct device *d)
{
    const VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = d->gpu.family, .queueCount = 1, .pQueuePriorities = (const float[]){ 1 },
    };
    const VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, .pNext = &d->gpu.features.base,
        .queueCreateInfoCount = 1, .pQueueCreateInfos = &queue,
        .enabledExtensionCount = d->gpu.nextension, .ppEnabledExtensionNames = d->gpu.extension,
    };
    VkResult r = d->in->fn.CreateDevice(d->gpu.handle, &info, NULL, &d->handle);
    if (r != VK_SUCCESS) {
        d->handle = VK_NULL_HANDLE;
        return vk_fail(d, "vkCreateDevice", r);
    }
#define LOAD(f) \
    if (!(d->fn.f = (PFN_vk##f)d->in->fn.GetDeviceProcAddr(d->handle, "vk" #f))) { \
        return mxb_fail(&d->base, MXB_EDEVICE, "the Vulkan driver lacks vk" #f); \
    }
    VK_DEVICE_FUNCTIONS(LOAD)
#undef LOAD
    d->fn.GetDeviceQueue(d->handle, d->gpu.family, 0, &d->queue);
    return MXB_OK;
}

/* What run() reuses. */
static int create_submission(struct device *d)
{
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO, .queueFamilyIndex = d->gpu.family,
    };
    VkResult r = d->fn.CreateCommandPool(d->handle, &pool, NULL, &d->command_pool);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkCreateCommandPool", r);
    }
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO, .commandPool = d->command_pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY, .commandBufferCount = 1,
    };
    r = d->fn.AllocateCommandBuffers(d->handle, &commands, &d->commands);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkAllocateCommandBuffers", r);
    }
    const VkFenceCreateInfo fence = { .sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO };
    r = d->fn.CreateFence(d->handle, &fence, NULL, &d->fence);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkCreateFence", r);
    }
    if (d->gpu.caps.features & MXB_FEAT_DEVICE_TIME) {
        const VkQueryPoolCreateInfo timestamps = {
            .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO, .queryType = VK_QUERY_TYPE_TIMESTAMP, .queryCount = 2,
        };
        r = d->fn.CreateQueryPool(d->handle, &timestamps, NULL, &d->timestamps);
    }
    return r == VK_SUCCESS ? MXB_OK : vk_fail(d, "vkCreateQueryPool", r);
}

static void close_device(struct mxb_dev *base)
{
    struct device *d = (struct device *)base;
    if (!d) {
        return;
    }
    if (d->handle && d->fn.DestroyDevice) {
        d->fn.DeviceWaitIdle(d->handle);   /* a lost device still wants its objects destroyed */
        if (d->cache) {
            vk_cache_save(d);
            d->fn.DestroyPipelineCache(d->handle, d->cache, NULL);
        }
        vk_release(&d->base, d->staging);
        d->fn.DestroyDescriptorPool(d->handle, d->set_pool, NULL);
        for (uint32_t n = 0; n <= MXB_MAX_BIND; n++) {
            for (size_t w = 0; w < MXB_COUNT(d->pipe_layout[n]); w++) {
                d->fn.DestroyPipelineLayout(d->handle, d->pipe_layout[n][w], NULL);
            }
            d->fn.DestroyDescriptorSetLayout(d->handle, d->set_layout[n], NULL);
        }
        d->fn.DestroyQueryPool(d->handle, d->timestamps, NULL);
        d->fn.DestroyFence(d->handle, d->fence, NULL);
        d->fn.DestroyCommandPool(d->handle, d->command_pool, NULL);
        d->fn.DestroyDevice(d->handle, NULL);
    }
    if (d->messenger) {
        d->in->fn.DestroyDebugUtilsMessengerEXT(d->in->handle, d->messenger, NULL);
    }
    free(d->set);
    free(d->cache_path);
    free(d);
}

static int open_device(int index, const struct mxb_open_opts *opts, struct mxb_dev **out, char *err, size_t errlen)
{
    const struct instance *in = vk_instance(opts->validate);
    if (in->ngpu == 0) {
        snprintf(err, errlen, "%s", in->why);
        return in->rc;
    }
    struct device *d = calloc(1, sizeof *d);
    if (!d) {
        snprintf(err, errlen, "out of memory: %zu bytes", sizeof *d);
        return MXB_ENOMEM;
    }
    d->in = in;
    int rc = vk_describe(in, index, &d->gpu, d->base.err, sizeof d->base.err);
    if (rc == MXB_OK && opts->validate) {
        rc = create_messenger(d);
    }
    if (rc == MXB_OK) {
        rc = create_device(d);
    }
    if (rc == MXB_OK) {
        rc = create_submission(d);
    }
    if (rc == MXB_OK) {
        rc = vk_cache_load(d, opts->cache_dir);
    }
    rc = vk_verdict(d, rc, MXB_EDEVICE);
    if (rc != MXB_OK) {
        snprintf(err, errlen, "%s", d->base.err);
        close_device(&d->base);
        return rc;
    }
    const char *staging = getenv("MXB_VULKAN_STAGING");
    d->staging_only = staging && strcmp(staging, "1") == 0;
    d->base.be = &mxb_backend_vulkan;
    d->base.index = index;
    d->base.caps = d->gpu.caps;
    *out = &d->base;
    return MXB_OK;
}

const struct mxb_backend mxb_backend_vulkan = {
    .abi = MXB_BACKEND_ABI, .name = "vulkan", .lang = "comp",
    .count = vk_count, .info = vk_info, .open = open_device, .close = close_device,
    .alloc = vk_alloc, .release = vk_release, .upload = vk_upload, .download = vk_download,
    .compile = vk_compile, .destroy = vk_destroy, .run = vk_run,
};
