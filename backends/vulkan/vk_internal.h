/* Shared by the files of the Vulkan backend: function tables, instance, GPU description, device, buffer, pipeline. */
#ifndef VK_INTERNAL_H
#define VK_INTERNAL_H
#define VK_NO_PROTOTYPES   /* every function is looked up at run time, nothing is linked */
#include <vulkan/vulkan_core.h>
#include "harness/mxb_backend.h"

#define VK_INSTANCE_FUNCTIONS(X) \
    X(EnumeratePhysicalDevices) X(EnumerateDeviceExtensionProperties) X(GetPhysicalDeviceProperties) \
    X(GetPhysicalDeviceProperties2) X(GetPhysicalDeviceFeatures2) X(GetPhysicalDeviceMemoryProperties) \
    X(GetPhysicalDeviceQueueFamilyProperties) X(CreateDevice) X(GetDeviceProcAddr)

#define VK_DEBUG_FUNCTIONS(X) \
    X(CreateDebugUtilsMessengerEXT) X(DestroyDebugUtilsMessengerEXT) X(SetDebugUtilsObjectNameEXT)

#define VK_DEVICE_FUNCTIONS(X) \
    X(DestroyDevice) X(GetDeviceQueue) X(DeviceWaitIdle) X(QueueSubmit) \
    X(CreateFence) X(DestroyFence) X(ResetFences) X(WaitForFences) \
    X(CreateQueryPool) X(DestroyQueryPool) X(GetQueryPoolResults) \
    X(CreateCommandPool) X(DestroyCommandPool) X(ResetCommandPool) X(AllocateCommandBuffers) \
    X(BeginCommandBuffer) X(EndCommandBuffer) X(CmdPipelineBarrier) X(CmdResetQueryPool) X(CmdWriteTimestamp) \
    X(CmdBindPipeline) X(CmdBindDescriptorSets) X(CmdPushConstants) X(CmdDispatch) X(CmdFillBuffer) X(CmdCopyBuffer) \
    X(CreateBuffer) X(DestroyBuffer) X(GetBufferMemoryRequirements) X(BindBufferMemory) \
    X(AllocateMemory) X(FreeMemory) X(MapMemory) \
    X(CreateDescriptorPool) X(DestroyDescriptorPool) X(ResetDescriptorPool) X(AllocateDescriptorSets) \
    X(UpdateDescriptorSets) X(CreateDescriptorSetLayout) X(DestroyDescriptorSetLayout) \
    X(CreatePipelineLayout) X(DestroyPipelineLayout) X(CreateShaderModule) X(DestroyShaderModule) \
    X(CreatePipelineCache) X(DestroyPipelineCache) X(GetPipelineCacheData) \
    X(CreateComputePipelines) X(DestroyPipeline)

#define VK_MEMBER(f) PFN_vk##f f;
struct instance_functions { VK_INSTANCE_FUNCTIONS(VK_MEMBER) VK_DEBUG_FUNCTIONS(VK_MEMBER) };  /* debug: may be NULL */
struct device_functions { VK_DEVICE_FUNCTIONS(VK_MEMBER) };
#undef VK_MEMBER

enum { VK_MAX_GPUS = 16 };

struct instance {
    VkInstance handle;
    uint32_t api;                            /* highest version that a device may use */
    struct instance_functions fn;
    VkPhysicalDevice gpu[VK_MAX_GPUS];
    uint32_t ngpu;
    bool tried;                              /* created or failed: done once per process */
    int rc;                                  /* why there is nothing to use: mxb_err ... */
    char why[256];                           /* ... and its text */
};

/* Younger than the oldest headers that this builds with; the layout is fixed by the extensions. */
struct coopmat_khr_features { VkStructureType sType; void *pNext; VkBool32 matrix, robust_access; };
struct bfloat16_features { VkStructureType sType; void *pNext; VkBool32 type, dot_product, matrix; };

/* One chain that starts at `base`: filled by the driver, trimmed to what kernels use, handed to vkCreateDevice. */
struct features {
    VkPhysicalDeviceFeatures2 base;
    VkPhysicalDevice16BitStorageFeatures storage16;
    VkPhysicalDevice8BitStorageFeatures storage8;
    VkPhysicalDeviceShaderFloat16Int8Features float16_int8;
    VkPhysicalDeviceShaderSubgroupExtendedTypesFeatures subgroup_types;
    VkPhysicalDeviceVulkanMemoryModelFeatures memory_model;
    VkPhysicalDeviceSubgroupSizeControlFeatures subgroup_size;
    VkPhysicalDeviceShaderIntegerDotProductFeatures int_dot;
    VkPhysicalDeviceCooperativeMatrixFeaturesNV coopmat_nv;
    struct coopmat_khr_features coopmat_khr;
    struct bfloat16_features bfloat16;
};

enum { VK_MAX_EXTENSIONS = 16 };

/* All that is known of a physical device.  Holds pointers into itself: never copied. */
struct gpu {
    VkPhysicalDevice handle;
    uint32_t api;                            /* usable: min(instance, device) */
    struct mxb_caps caps;
    struct features features;
    const char *extension[VK_MAX_EXTENSIONS];/* to be enabled with the features */
    uint32_t nextension;
    unsigned char cache_uuid[VK_UUID_SIZE], device_uuid[VK_UUID_SIZE];
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t heap;                           /* the device's own memory */
    uint32_t family;                         /* queue family */
    uint64_t max_alloc;                      /* bytes of one buffer; caps.max_buffer limits one binding */
};

struct mxb_buf {
    VkBuffer handle;
    VkDeviceMemory memory;
    uint64_t bytes;
    unsigned char *map;                      /* persistently mapped, NULL = reached through staging */
    bool cached;                             /* the host reads `map` at full speed */
};

struct mxb_pipe {
    VkPipeline handle;
    VkPipelineLayout layout;                 /* the device's */
    uint32_t nbind, push_bytes;
};

struct device {
    struct mxb_dev base;                     /* first member */
    const struct instance *in;
    struct gpu gpu;
    VkDevice handle;
    struct device_functions fn;
    VkQueue queue;
    bool staging_only;                       /* MXB_VULKAN_STAGING=1: tests take the discrete GPU's path */
    struct mxb_buf *staging;                 /* host-visible, made on first use */

    VkDebugUtilsMessengerEXT messenger;      /* validation only */
    char message[1024];                      /* first validation error of the current call, "" = none */

    VkCommandPool command_pool;
    VkCommandBuffer commands;                /* the only one: every call waits for its end */
    VkFence fence;
    VkQueryPool timestamps;                  /* two; VK_NULL_HANDLE without device time */
    VkDescriptorPool set_pool;               /* room for set_room sets of MXB_MAX_BIND bindings, grows in run() */
    VkDescriptorSet *set;                    /* [set_room]: of the current run() */
    uint32_t set_room;
    VkDescriptorSetLayout set_layout[MXB_MAX_BIND + 1];                          /* by number of bindings */
    VkPipelineLayout pipe_layout[MXB_MAX_BIND + 1][MXB_MAX_PUSH / 4 + 1];        /* and words of push constants */

    uint32_t runs;                           /* without repetitions, until clocks are held */
    bool clocks_held;
    VkPipelineCache cache;
    char *cache_path;                        /* NULL = no disk cache */
    size_t cache_bytes;                      /* size on disk */
};

/* vk_instance.c */
const char *vk_result_name(VkResult);        /* "VK_ERROR_DEVICE_LOST" */
const struct instance *vk_instance(bool validate);   /* rc and why hold the reason when ngpu is 0 */
int  vk_count(char *why, size_t whylen);

/* vk_gpu.c.  MXB_EINVAL: no such index; MXB_EUNSUP: too old or without compute. */
int  vk_describe(const struct instance *, int index, struct gpu *out, char *err, size_t errlen);
int  vk_info(int index, struct mxb_caps *out, char *err, size_t errlen);

/* vk_device.c */
int  vk_fail(struct device *, const char *what, VkResult);   /* MXB_ENOMEM or MXB_EDEVICE with "what: VK_..." */
void vk_clear_message(struct device *);      /* at the start of a call */
int  vk_verdict(struct device *, int rc, int code);   /* rc; `code` if a call that went well drew a validation error */
void vk_set_name(struct device *, VkObjectType, uint64_t handle, const char *name);   /* for validation messages */

/* vk_buffer.c */
int  vk_alloc(struct mxb_dev *, uint64_t bytes, struct mxb_buf **out);
void vk_release(struct mxb_dev *, struct mxb_buf *);
int  vk_upload(struct mxb_dev *, struct mxb_buf *, uint64_t off, const void *src, uint64_t n);
int  vk_download(struct mxb_dev *, struct mxb_buf *, uint64_t off, void *dst, uint64_t n);

/* vk_pipeline.c */
int  vk_compile(struct mxb_dev *, const struct mxb_shader *, struct mxb_pipe **out);
void vk_destroy(struct mxb_dev *, struct mxb_pipe *);

/* vk_cache.c.  The disk cache only saves time: what cannot be read or written is done without. */
int  vk_cache_load(struct device *, const char *dir);   /* creates d->cache */
void vk_cache_save(struct device *);

/* vk_clocks.c.  Before each run; NVIDIA only. */
void vk_hold_clocks(struct device *, uint32_t reps);

/* vk_run.c */
int  vk_begin(struct device *);              /* starts recording; sees all earlier device writes */
void vk_barrier(struct device *);            /* commands after it see all writes of commands before it */
int  vk_submit(struct device *, double *host_ns);   /* ends recording, submits, waits; writes reach the host */
int  vk_run(struct mxb_dev *, const struct mxb_step *, uint32_t n, uint32_t reps, struct mxb_time *);
uint64_t vk_elapsed_ticks(uint64_t from, uint64_t to, uint32_t valid_bits);   /* across one wrap */
#endif
