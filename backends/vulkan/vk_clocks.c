/* Keeps an NVIDIA GPU at its working clocks.  Its driver raises them for CUDA, not for Vulkan: on an H100 kernels that came after
 * some seconds of Vulkan work ran at 345 to 500 MHz of 1980, and 100 ms of warm-up did not change it.  A CUDA context on the same
 * device does, without doing anything.  Where there is no libcuda nothing is held, and the canary tells (docs/measuring.md). */
#include "vk_internal.h"
#include <dlfcn.h>
#include <string.h>

enum { NVIDIA = 0x10de, RUNS_BEFORE = 32 };          /* a check is a few runs: only timings are worth a context */

/* Of CUDA's driver API; all return 0 for success. */
struct cuda {
    int (*init)(unsigned flags);
    int (*count)(int *n);
    int (*uuid)(unsigned char uuid[VK_UUID_SIZE], int device);
    int (*retain)(void **context, int device);
};

static bool find_functions(void *lib, struct cuda *c)
{
    const struct { const char *name; void *to; } all[] = {
        { "cuInit", &c->init }, { "cuDeviceGetCount", &c->count }, { "cuDeviceGetUuid", &c->uuid },
        { "cuDevicePrimaryCtxRetain", &c->retain },
    };
    for (size_t i = 0; i < MXB_COUNT(all); i++) {
        void *const f = dlsym(lib, all[i].name);
        if (!f) {
            return false;
        }
        memcpy(all[i].to, &f, sizeof f);             /* ISO C has no cast from an object to a function pointer */
    }
    return true;
}

/* The context lives as long as the process. */
static void hold(const struct gpu *g)
{
    void *const lib = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL), *context;
    struct cuda c;
    int n = 0;
    if (!lib || !find_functions(lib, &c) || c.init(0) || c.count(&n)) {
        return;
    }
    for (int i = 0; i < n; i++) {
        unsigned char uuid[VK_UUID_SIZE];
        if (c.uuid(uuid, i) == 0 && memcmp(uuid, g->device_uuid, sizeof uuid) == 0) {
            (void)c.retain(&context, i);             /* without it the clocks stay as they are */
        }
    }
}

void vk_hold_clocks(struct device *d, uint32_t reps)
{
    if (d->gpu.caps.vendor_id != NVIDIA || d->clocks_held || (reps == 1 && ++d->runs < RUNS_BEFORE)) {
        return;
    }
    d->clocks_held = true;
    hold(&d->gpu);
}
