/* Device buffers and the way in and out of them: mapped where the host sees device memory, else through staging. */
#include "vk_internal.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
    VISIBLE = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT,
    CACHED = VISIBLE | VK_MEMORY_PROPERTY_HOST_CACHED_BIT,
    LOCAL = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT,
    STAGING_BYTES = 8 << 20
};

/* Best first.  Device memory is taken from the device's own heap alone: the small mappable window that some GPUs
 * have beside it would run out. */
static const VkMemoryPropertyFlags mapped_first[] = { LOCAL | CACHED, LOCAL | VISIBLE, LOCAL };
static const VkMemoryPropertyFlags local_only[] = { LOCAL };
static const VkMemoryPropertyFlags host_side[] = { CACHED, VISIBLE };

static int find_type(const struct gpu *g, uint32_t allowed, VkMemoryPropertyFlags want)
{
    for (uint32_t i = 0; i < g->memory.memoryTypeCount; i++) {
        const VkMemoryType *t = &g->memory.memoryTypes[i];
        const bool right_heap = !(want & LOCAL) || t->heapIndex == g->heap;
        if ((allowed & (1u << i)) && (t->propertyFlags & want) == want && right_heap) {
            return (int)i;
        }
    }
    return -1;
}

/* Allocates, binds and, where the chosen kind of memory is host-visible, maps. */
static VkResult back_with_memory(struct device *d, struct mxb_buf *b, const VkMemoryPropertyFlags *kind, size_t nkind)
{
    VkMemoryRequirements need;
    d->fn.GetBufferMemoryRequirements(d->handle, b->handle, &need);
    int type = -1;
    size_t k = 0;
    while (k < nkind && (type = find_type(&d->gpu, need.memoryTypeBits, kind[k])) < 0) {
        k++;
    }
    if (type < 0) {
        return VK_ERROR_FEATURE_NOT_PRESENT;
    }
    const VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO, .allocationSize = need.size, .memoryTypeIndex = (uint32_t)type,
    };
    VkResult r = d->fn.AllocateMemory(d->handle, &info, NULL, &b->memory);
    if (r == VK_SUCCESS) {
        r = d->fn.BindBufferMemory(d->handle, b->handle, b->memory, 0);
    }
    if (r == VK_SUCCESS && (kind[k] & VISIBLE) == VISIBLE) {
        void *p = NULL;
        r = d->fn.MapMemory(d->handle, b->memory, 0, VK_WHOLE_SIZE, 0, &p);
        b->map = p;
        b->cached = (kind[k] & CACHED) == CACHED;
    }
    return r;
}

static int make_buffer(struct device *d, uint64_t bytes, const VkMemoryPropertyFlags *kind, size_t nkind,
                       struct mxb_buf **out)
{
    if (bytes > d->gpu.max_alloc) {
        return mxb_fail(&d->base, MXB_ENOMEM, "out of device memory: %" PRIu64 " bytes, a buffer has at most %" PRIu64,
                        bytes, d->gpu.max_alloc);
    }
    struct mxb_buf *b = calloc(1, sizeof *b);
    if (!b) {
        return mxb_fail(&d->base, MXB_ENOMEM, "out of memory: %zu bytes", sizeof *b);
    }
    b->bytes = bytes;
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO, .size = bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT,
    };
    VkResult r = d->fn.CreateBuffer(d->handle, &info, NULL, &b->handle);
    if (r == VK_SUCCESS) {
        r = back_with_memory(d, b, kind, nkind);
    }
    if (r != VK_SUCCESS) {
        vk_release(&d->base, b);
        const bool memory = r == VK_ERROR_OUT_OF_HOST_MEMORY || r == VK_ERROR_OUT_OF_DEVICE_MEMORY;
        return mxb_fail(&d->base, memory ? MXB_ENOMEM : MXB_EDEVICE, "buffer of %" PRIu64 " bytes: %s", bytes,
                        vk_result_name(r));
    }
    *out = b;
    return MXB_OK;
}

int vk_alloc(struct mxb_dev *base, uint64_t bytes, struct mxb_buf **out)
{
    struct device *d = (struct device *)base;
    if (bytes == 0) {
        return mxb_fail(base, MXB_EINVAL, "Invalid argument: buffer of 0 bytes");
    }
    vk_clear_message(d);
    int rc = d->staging_only ? make_buffer(d, bytes, local_only, MXB_COUNT(local_only), out)
                             : make_buffer(d, bytes, mapped_first, MXB_COUNT(mapped_first), out);
    const int verdict = vk_verdict(d, rc, MXB_EDEVICE);
    if (rc == MXB_OK && verdict != MXB_OK) {
        vk_release(base, *out);
    }
    return verdict;
}

void vk_release(struct mxb_dev *base, struct mxb_buf *b)
{
    struct device *d = (struct device *)base;
    if (b) {
        d->fn.DestroyBuffer(d->handle, b->handle, NULL);
        d->fn.FreeMemory(d->handle, b->memory, NULL);   /* unmaps */
        free(b);
    }
}

static int check_range(struct device *d, const struct mxb_buf *b, uint64_t off, uint64_t n)
{
    if (off > b->bytes || n > b->bytes - off) {
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: %" PRIu64 " bytes at %" PRIu64
                        " of a buffer of %" PRIu64, n, off, b->bytes);
    }
    return MXB_OK;
}

static int copy(struct device *d, const struct mxb_buf *from, uint64_t from_off, const struct mxb_buf *to,
                uint64_t to_off, uint64_t n)
{
    double host_ns;
    int rc = vk_begin(d);
    if (rc != MXB_OK) {
        return rc;
    }
    const VkBufferCopy region = { .srcOffset = from_off, .dstOffset = to_off, .size = n };
    d->fn.CmdCopyBuffer(d->commands, from->handle, to->handle, 1, &region);
    return vk_submit(d, &host_ns);
}

static int make_staging(struct device *d)
{
    return d->staging ? MXB_OK : make_buffer(d, STAGING_BYTES, host_side, MXB_COUNT(host_side), &d->staging);
}

int vk_upload(struct mxb_dev *base, struct mxb_buf *b, uint64_t off, const void *src, uint64_t n)
{
    struct device *d = (struct device *)base;
    const unsigned char *from = src;
    int rc = check_range(d, b, off, n);
    if (rc != MXB_OK || n == 0) {
        return rc;
    }
    vk_clear_message(d);
    if (b->map) {
        memcpy(b->map + off, from, n);
        return MXB_OK;
    }
    rc = make_staging(d);
    while (rc == MXB_OK && n > 0) {
        const uint64_t part = n < STAGING_BYTES ? n : STAGING_BYTES;
        memcpy(d->staging->map, from, part);
        rc = copy(d, d->staging, 0, b, off, part);
        from += part, off += part, n -= part;
    }
    return vk_verdict(d, rc, MXB_EDEVICE);
}

int vk_download(struct mxb_dev *base, struct mxb_buf *b, uint64_t off, void *dst, uint64_t n)
{
    struct device *d = (struct device *)base;
    unsigned char *to = dst;
    int rc = check_range(d, b, off, n);
    if (rc != MXB_OK || n == 0) {
        return rc;
    }
    vk_clear_message(d);
    if (b->map && b->cached) {   /* reading uncached memory is slower than a copy by the device */
        memcpy(to, b->map + off, n);
        return MXB_OK;
    }
    rc = make_staging(d);
    while (rc == MXB_OK && n > 0) {
        const uint64_t part = n < STAGING_BYTES ? n : STAGING_BYTES;
        rc = copy(d, b, off, d->staging, 0, part);
        if (rc == MXB_OK) {
            memcpy(to, d->staging->map, part);
        }
        to += part, off += part, n -= part;
    }
    return vk_verdict(d, rc, MXB_EDEVICE);
}
