/* The pipeline cache on disk: one file per device and driver, replaced whole and only when it has grown. */
#include "vk_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_FILE_BYTES = 256 << 20 };

static char *cache_path(const struct gpu *g, const char *dir)
{
    char uuid[2 * VK_UUID_SIZE + 1], *path;
    for (size_t i = 0; i < VK_UUID_SIZE; i++) {
        snprintf(uuid + 2 * i, 3, "%02x", g->cache_uuid[i]);
    }
    return asprintf(&path, "%s/vulkan-%x-%x-%s.bin", dir, g->caps.vendor_id, g->caps.device_id, uuid) < 0 ? NULL : path;
}

/* A driver refuses a blob of another device itself, but only well-behaved ones look closely. */
static bool belongs_to(const struct gpu *g, const void *blob, size_t bytes)
{
    VkPipelineCacheHeaderVersionOne h;
    if (bytes < sizeof h) {
        return false;
    }
    memcpy(&h, blob, sizeof h);
    return h.headerSize >= sizeof h && h.headerSize <= bytes &&
           h.headerVersion == VK_PIPELINE_CACHE_HEADER_VERSION_ONE && h.vendorID == g->caps.vendor_id &&
           h.deviceID == g->caps.device_id && memcmp(h.pipelineCacheUUID, g->cache_uuid, VK_UUID_SIZE) == 0;
}

/* The whole file, malloc'ed, or NULL. */
static void *read_file(const char *path, size_t *bytes)
{
    void *blob = NULL;
    FILE *f = fopen(path, "rbe");
    if (!f) {
        return NULL;
    }
    long size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    if (size > 0 && size <= MAX_FILE_BYTES && fseek(f, 0, SEEK_SET) == 0) {
        blob = malloc((size_t)size);
        *bytes = (size_t)size;
        if (blob && fread(blob, 1, *bytes, f) != *bytes) {
            free(blob);
            blob = NULL;
        }
    }
    fclose(f);
    return blob;
}

int vk_cache_load(struct device *d, const char *dir)
{
    size_t bytes = 0;
    void *blob = NULL;
    d->cache_path = dir ? cache_path(&d->gpu, dir) : NULL;
    if (d->cache_path) {
        blob = read_file(d->cache_path, &bytes);
    }
    if (!blob || !belongs_to(&d->gpu, blob, bytes)) {
        bytes = 0;
    }
    VkPipelineCacheCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO, .initialDataSize = bytes, .pInitialData = blob,
    };
    VkResult r = d->fn.CreatePipelineCache(d->handle, &info, NULL, &d->cache);
    free(blob);
    d->cache_bytes = bytes;
    return r == VK_SUCCESS ? MXB_OK : vk_fail(d, "vkCreatePipelineCache", r);
}

/* Another process may be reading or replacing the file: it appears complete or not at all. */
static void replace_file(const char *path, const void *blob, size_t bytes)
{
    char *temp;
    if (asprintf(&temp, "%s.XXXXXX", path) < 0) {
        return;
    }
    const int fd = mkstemp(temp);
    if (fd >= 0) {
        bool ok = write(fd, blob, bytes) == (ssize_t)bytes;
        ok = close(fd) == 0 && ok;
        if (!ok || rename(temp, path) != 0) {
            unlink(temp);
        }
    }
    free(temp);
}

void vk_cache_save(struct device *d)
{
    size_t bytes = 0;
    if (!d->cache_path || d->fn.GetPipelineCacheData(d->handle, d->cache, &bytes, NULL) != VK_SUCCESS ||
        bytes <= d->cache_bytes || bytes > MAX_FILE_BYTES) {
        return;
    }
    void *blob = malloc(bytes);
    if (blob && d->fn.GetPipelineCacheData(d->handle, d->cache, &bytes, blob) == VK_SUCCESS) {
        replace_file(d->cache_path, blob, bytes);
    }
    free(blob);
}
