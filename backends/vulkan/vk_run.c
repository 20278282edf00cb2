/* Recording, submitting and timing: all repetitions of all steps in one command buffer between two timestamps. */
#include "vk_internal.h"
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

static const VkPipelineStageFlags work_stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
static const VkAccessFlags work_writes = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
static const VkAccessFlags work_access = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT |
                                         VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_TRANSFER_READ_BIT;

uint64_t vk_elapsed_ticks(uint64_t from, uint64_t to, uint32_t valid_bits)
{
    const uint64_t mask = valid_bits >= 64 ? UINT64_MAX : (UINT64_C(1) << valid_bits) - 1;
    return (to - from) & mask;
}

static void barrier(struct device *d, VkPipelineStageFlags after, VkAccessFlags access)
{
    const VkMemoryBarrier b = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER, .srcAccessMask = work_writes, .dstAccessMask = access,
    };
    d->fn.CmdPipelineBarrier(d->commands, work_stages, after, 0, 1, &b, 0, NULL, 0, NULL);
}

void vk_barrier(struct device *d) { barrier(d, work_stages, work_access); }

int vk_begin(struct device *d)
{
    VkResult r = d->fn.ResetCommandPool(d->handle, d->command_pool, 0);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkResetCommandPool", r);
    }
    const VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO, .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    r = d->fn.BeginCommandBuffer(d->commands, &info);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkBeginCommandBuffer", r);
    }
    vk_barrier(d);   /* a fence tells the host that earlier work is done, it does not show its writes to later work */
    return MXB_OK;
}

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC_RAW, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

int vk_submit(struct device *d, double *host_ns)
{
    enum { SLICE_NS = 1000000000 };   /* a hang is the parent process's business: it kills this one */
    barrier(d, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    VkResult r = d->fn.EndCommandBuffer(d->commands);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkEndCommandBuffer", r);
    }
    r = d->fn.ResetFences(d->handle, 1, &d->fence);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkResetFences", r);
    }
    const VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO, .commandBufferCount = 1, .pCommandBuffers = &d->commands,
    };
    const double start = now_ns();
    r = d->fn.QueueSubmit(d->queue, 1, &info, d->fence);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkQueueSubmit", r);
    }
    do {
        r = d->fn.WaitForFences(d->handle, 1, &d->fence, VK_TRUE, SLICE_NS);
    } while (r == VK_TIMEOUT);
    *host_ns = now_ns() - start;
    return r == VK_SUCCESS ? MXB_OK : vk_fail(d, "vkWaitForFences", r);
}

static int check_bind(struct device *d, uint32_t step, const struct mxb_bind *b, uint64_t align)
{
    if (!b->buf || b->len == 0 || b->off % align != 0 || b->off > b->buf->bytes || b->len > b->buf->bytes - b->off) {
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: step %u binds %" PRIu64 " bytes at %" PRIu64
                        " of a buffer of %" PRIu64 " (alignment %" PRIu64 ")", step, b->len, b->off,
                        b->buf ? b->buf->bytes : 0, align);
    }
    return MXB_OK;
}

static int check_fill(struct device *d, uint32_t step, const struct mxb_step *s)
{
    if (s->nbind != 1 || s->bind[0].len % 4 != 0) {
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: step %u fills %u buffers, %" PRIu64 " bytes", step,
                        s->nbind, s->bind[0].len);
    }
    return check_bind(d, step, &s->bind[0], 4);
}

static int check_dispatch(struct device *d, uint32_t step, const struct mxb_step *s)
{
    const struct mxb_caps *c = &d->gpu.caps;
    if (!s->pipe || s->nbind != s->pipe->nbind || (s->pipe->push_bytes > 0 && !s->push)) {
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: step %u has %u bindings and %s parameters, "
                        "its kernel takes %u and %u bytes", step, s->nbind, s->push ? "some" : "no",
                        s->pipe ? s->pipe->nbind : 0, s->pipe ? s->pipe->push_bytes : 0);
    }
    for (int i = 0; i < 3; i++) {
        if (s->groups[i] == 0 || s->groups[i] > c->max_groups[i]) {
            return mxb_fail(&d->base, s->groups[i] ? MXB_EUNSUP : MXB_EINVAL,
                            "%sstep %u has %u x %u x %u workgroups, the device takes 1 to %u x %u x %u",
                            s->groups[i] ? "" : "Invalid argument: ", step, s->groups[0], s->groups[1], s->groups[2],
                            c->max_groups[0], c->max_groups[1], c->max_groups[2]);
        }
    }
    for (uint32_t i = 0; i < s->nbind; i++) {
        const int rc = check_bind(d, step, &s->bind[i], c->bind_align);
        if (rc != MXB_OK) {
            return rc;
        }
        if (s->bind[i].len > c->max_buffer) {
            return mxb_fail(&d->base, MXB_EUNSUP, "step %u binds %" PRIu64 " bytes, the device takes %" PRIu64, step,
                            s->bind[i].len, c->max_buffer);
        }
    }
    return MXB_OK;
}

/* Makes room for n descriptor sets and takes back those of the run before. */
static int reserve_sets(struct device *d, uint32_t n)
{
    VkResult r;
    if (n <= d->set_room) {
        r = d->fn.ResetDescriptorPool(d->handle, d->set_pool, 0);
        return r == VK_SUCCESS ? MXB_OK : vk_fail(d, "vkResetDescriptorPool", r);
    }
    const uint32_t room = n < MXB_MAX_STEPS ? MXB_MAX_STEPS : n;
    VkDescriptorSet *set = realloc(d->set, room * sizeof *set);
    if (!set) {
        return mxb_fail(&d->base, MXB_ENOMEM, "out of memory: %u descriptor sets", room);
    }
    d->set = set;
    d->set_room = 0;
    d->fn.DestroyDescriptorPool(d->handle, d->set_pool, NULL);
    d->set_pool = VK_NULL_HANDLE;
    const VkDescriptorPoolSize size = { VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, room * MXB_MAX_BIND };
    const VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = room, .poolSizeCount = 1, .pPoolSizes = &size,
    };
    r = d->fn.CreateDescriptorPool(d->handle, &info, NULL, &d->set_pool);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkCreateDescriptorPool", r);
    }
    d->set_room = room;
    return MXB_OK;
}

static int write_set(struct device *d, const struct mxb_step *s, VkDescriptorSet *set)
{
    const VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO, .descriptorPool = d->set_pool,
        .descriptorSetCount = 1, .pSetLayouts = &d->set_layout[s->nbind],
    };
    VkResult r = d->fn.AllocateDescriptorSets(d->handle, &info, set);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkAllocateDescriptorSets", r);
    }
    VkDescriptorBufferInfo buffer[MXB_MAX_BIND];
    VkWriteDescriptorSet write[MXB_MAX_BIND];
    for (uint32_t i = 0; i < s->nbind; i++) {
        buffer[i] = (VkDescriptorBufferInfo){ s->bind[i].buf->handle, s->bind[i].off, s->bind[i].len };
        write[i] = (VkWriteDescriptorSet){
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET, .dstSet = *set, .dstBinding = i, .descriptorCount = 1,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .pBufferInfo = &buffer[i],
        };
    }
    d->fn.UpdateDescriptorSets(d->handle, s->nbind, write, 0, NULL);
    return MXB_OK;
}

static int prepare(struct device *d, const struct mxb_step *steps, uint32_t n, uint32_t reps)
{
    if (n == 0 || reps == 0) {
        return mxb_fail(&d->base, MXB_EINVAL, "Invalid argument: %u steps, %u repetitions", n, reps);
    }
    for (uint32_t i = 0; i < n; i++) {
        const int rc = steps[i].kind == MXB_FILL ? check_fill(d, i, &steps[i]) : check_dispatch(d, i, &steps[i]);
        if (rc != MXB_OK) {
            return rc;
        }
    }
    int rc = reserve_sets(d, n);
    for (uint32_t i = 0; rc == MXB_OK && i < n; i++) {
        rc = steps[i].kind == MXB_DISPATCH ? write_set(d, &steps[i], &d->set[i]) : MXB_OK;
    }
    return rc;
}

static void bind_step(struct device *d, const struct mxb_step *s, VkDescriptorSet set)
{
    const struct mxb_pipe *p = s->pipe;
    d->fn.CmdBindPipeline(d->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->handle);
    d->fn.CmdBindDescriptorSets(d->commands, VK_PIPELINE_BIND_POINT_COMPUTE, p->layout, 0, 1, &set, 0, NULL);
    if (p->push_bytes > 0) {
        d->fn.CmdPushConstants(d->commands, p->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, p->push_bytes, s->push);
    }
}

static void record(struct device *d, const struct mxb_step *steps, uint32_t n, uint32_t reps)
{
    const struct mxb_step *bound = NULL;   /* a lone kernel is bound once for all its repetitions */
    if (d->timestamps) {
        d->fn.CmdResetQueryPool(d->commands, d->timestamps, 0, 2);
        d->fn.CmdWriteTimestamp(d->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, d->timestamps, 0);
    }
    for (uint32_t rep = 0; rep < reps; rep++) {
        for (uint32_t i = 0; i < n; i++) {
            const struct mxb_step *s = &steps[i];
            if (s->kind == MXB_FILL) {
                d->fn.CmdFillBuffer(d->commands, s->bind[0].buf->handle, s->bind[0].off, s->bind[0].len, s->fill);
            } else {
                if (s != bound) {
                    bind_step(d, s, d->set[i]);
                    bound = s;
                }
                d->fn.CmdDispatch(d->commands, s->groups[0], s->groups[1], s->groups[2]);
            }
            vk_barrier(d);
        }
    }
    if (d->timestamps) {
        d->fn.CmdWriteTimestamp(d->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, d->timestamps, 1);
    }
}

static int read_device_time(struct device *d, double *dev_ns)
{
    uint64_t tick[2];
    *dev_ns = -1;
    if (!d->timestamps) {
        return MXB_OK;
    }
    VkResult r = d->fn.GetQueryPoolResults(d->handle, d->timestamps, 0, 2, sizeof tick, tick, sizeof *tick,
                                           VK_QUERY_RESULT_64_BIT | VK_QUERY_RESULT_WAIT_BIT);
    if (r != VK_SUCCESS) {
        return vk_fail(d, "vkGetQueryPoolResults", r);
    }
    *dev_ns = (double)vk_elapsed_ticks(tick[0], tick[1], d->gpu.caps.ts_valid_bits) * d->gpu.caps.tick_ns;
    return MXB_OK;
}

int vk_run(struct mxb_dev *base, const struct mxb_step *steps, uint32_t n, uint32_t reps, struct mxb_time *t)
{
    struct device *d = (struct device *)base;
    vk_clear_message(d);
    vk_hold_clocks(d, reps);
    int rc = prepare(d, steps, n, reps);
    if (rc == MXB_OK) {
        rc = vk_begin(d);
    }
    if (rc == MXB_OK) {
        record(d, steps, n, reps);
        rc = vk_submit(d, &t->host_ns);
    }
    if (rc == MXB_OK) {
        rc = read_device_time(d, &t->dev_ns);
    }
    return vk_verdict(d, rc, MXB_EDEVICE);
}
