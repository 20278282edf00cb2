/* struct mxb_backend on the machine's own cores: buffers are memory, a pipeline is a function with its constants, a dispatch
 * is its items shared among the pool's threads.  The device clock is the host's CLOCK_MONOTONIC_RAW. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "backends/cpu/cpu.h"
#include "backends/cpu/cpu_internal.h"

enum { BIND_ALIGN = 64,              /* a cache line, and the widest vector */
       MAX_THREADS = 4096,
       NOMINAL_L2 = 256 * 1024,
       HUGE_PAGE = 2 << 20,
       FENCE = 64 << 20 };           /* inaccessible bytes on each side of a buffer: address space, not memory */

struct cpu_dev {
    struct mxb_dev base;
    struct cpu_pool *pool;
    uint64_t allocated;              /* bytes in live buffers */
};
struct mxb_buf { unsigned char *mem; uint64_t bytes; void *map; size_t map_bytes; };   /* map: mem with its fences */
struct mxb_pipe { mxb_cpu_fn fn; int32_t spec[MXB_MAX_SPEC]; uint32_t nbind, push_bytes; };

static double elapsed_ns(const struct timespec *from, const struct timespec *to)
{
    return 1e9 * (double)(to->tv_sec - from->tv_sec) + (double)(to->tv_nsec - from->tv_nsec);
}

static int count(char *why, size_t whylen)
{
    if (whylen) why[0] = '\0';
    return 1;
}

static int info(int index, struct mxb_caps *out, char *err, size_t errlen)
{
    struct cpu_topology t;
    struct timespec tick = { 0 };
    if (index != 0) {
        snprintf(err, errlen, "Invalid argument: cpu device %d, there is only device 0", index);
        return MXB_EINVAL;
    }
    cpu_topology_read("", &t);
    clock_getres(CLOCK_MONOTONIC_RAW, &tick);
    *out = (struct mxb_caps){
        .kind = MXB_KIND_CPU, .driver = "threads", .max_wg = 1, .max_wg_dim = { 1, 1, 1 },
        .max_groups = { UINT32_MAX, UINT32_MAX, UINT32_MAX }, .push_bytes = MXB_MAX_PUSH, .max_bind = MXB_MAX_BIND,
        .bind_align = BIND_ALIGN, .units = t.threads, .mem_bytes = t.mem_bytes, .max_buffer = t.mem_bytes,
        .llc_bytes = t.llc_bytes, .tick_ns = elapsed_ns(&(struct timespec){ 0 }, &tick), .ts_valid_bits = 64,
    };
    /* Nothing is enforced: what a thread works on stays fast as long as it fits the second-level cache. */
    out->local_bytes = t.l2_bytes ? t.l2_bytes : NOMINAL_L2;
    out->features = cpu_isa_features() | MXB_FEAT_F16_STORAGE | MXB_FEAT_U8_STORAGE | MXB_FEAT_INT64 |
                    MXB_FEAT_UNIFIED_MEM | MXB_FEAT_DEVICE_TIME;
    cpu_isa_ids(&out->vendor_id, &out->device_id);
    snprintf(out->name, sizeof out->name, "%s", t.name);
    snprintf(out->api, sizeof out->api, "%s", cpu_isa_name(out->features));
    /* The compiler plays the part of the driver: it made the kernels' machine code. */
#if defined(__clang__)
    snprintf(out->driver_version, sizeof out->driver_version, "clang %s", __clang_version__);
#else
    snprintf(out->driver_version, sizeof out->driver_version, "gcc %s", __VERSION__);
#endif
    return 0;
}

static void close_device(struct mxb_dev *dev)
{
    struct cpu_dev *d = (struct cpu_dev *)dev;
    if (!d) return;
    cpu_pool_free(d->pool);
    free(d);
}

static int open_device(int index, const struct mxb_open_opts *opts, struct mxb_dev **out, char *err, size_t errlen)
{
    struct cpu_dev *d = calloc(1, sizeof *d);
    int rc = MXB_ENOMEM;
    if (!d) {
        snprintf(err, errlen, "out of memory");
        goto out;
    }
    rc = info(index, &d->base.caps, err, errlen);
    if (rc) goto out;
    d->base.index = index;
    d->base.be = &mxb_backend_cpu;
    if (opts && opts->threads) d->base.caps.units = opts->threads;
    if (d->base.caps.units > MAX_THREADS) {
        snprintf(err, errlen, "Invalid argument: %u threads, at most %d are supported", d->base.caps.units, MAX_THREADS);
        rc = MXB_EINVAL;
        goto out;
    }
    rc = cpu_pool_new(d->base.caps.units, &d->pool);
    if (rc) snprintf(err, errlen, "cannot start %u threads", d->base.caps.units);
out:
    if (rc) close_device((struct mxb_dev *)d);
    else *out = &d->base;
    return rc;
}

/* Memory between two fences, so that a kernel that goes far astray crashes instead of changing something else unseen. */
static bool map_fenced(struct mxb_buf *b)
{
    const size_t align = b->bytes >= 2 * HUGE_PAGE ? HUGE_PAGE : BIND_ALIGN, page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t usable = (b->bytes + page - 1) / page * page;
    b->map_bytes = usable + HUGE_PAGE + 2 * (size_t)FENCE;
    b->map = mmap(NULL, b->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b->map == MAP_FAILED) return false;
    b->mem = (unsigned char *)(((uintptr_t)b->map + FENCE + align - 1) / align * align);
    if (mprotect(b->mem, usable, PROT_READ | PROT_WRITE)) {
        munmap(b->map, b->map_bytes);
        return false;
    }
    /* Huge pages make the address translation, and with it the time, the same from process to process. */
    if (align == HUGE_PAGE) madvise(b->mem, b->bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    return true;
}

static int alloc(struct mxb_dev *dev, uint64_t bytes, struct mxb_buf **out)
{
    struct cpu_dev *d = (struct cpu_dev *)dev;
    const uint64_t left = dev->caps.mem_bytes > d->allocated ? dev->caps.mem_bytes - d->allocated : 0;
    if (bytes == 0) return mxb_fail(dev, MXB_EINVAL, "Invalid argument: a buffer of 0 bytes");
    /* Linux promises more memory than there is and kills who uses it, so the limit is ours to keep. */
    struct mxb_buf *b = bytes <= left ? malloc(sizeof *b) : NULL;
    if (b) b->bytes = bytes;
    if (!b || !map_fenced(b)) {
        free(b);
        return mxb_fail(dev, MXB_ENOMEM, "out of memory: %llu bytes wanted, %llu left", (unsigned long long)bytes,
                        (unsigned long long)left);
    }
    d->allocated += bytes;
    *out = b;
    return 0;
}

static void release(struct mxb_dev *dev, struct mxb_buf *b)
{
    if (!b) return;
    ((struct cpu_dev *)dev)->allocated -= b->bytes;
    munmap(b->map, b->map_bytes);
    free(b);
}

static bool inside(const struct mxb_buf *b, uint64_t off, uint64_t n) { return off <= b->bytes && n <= b->bytes - off; }

static int outside(struct mxb_dev *dev, const struct mxb_buf *b, uint64_t off, uint64_t n)
{
    return mxb_fail(dev, MXB_EINVAL, "Invalid argument: bytes [%llu, +%llu) of a buffer of %llu", (unsigned long long)off,
                    (unsigned long long)n, (unsigned long long)b->bytes);
}

static int upload(struct mxb_dev *dev, struct mxb_buf *b, uint64_t off, const void *src, uint64_t n)
{
    if (!inside(b, off, n)) return outside(dev, b, off, n);
    if (n) memcpy(b->mem + off, src, n);
    return 0;
}

static int download(struct mxb_dev *dev, struct mxb_buf *b, uint64_t off, void *dst, uint64_t n)
{
    if (!inside(b, off, n)) return outside(dev, b, off, n);
    if (n) memcpy(dst, b->mem + off, n);
    return 0;
}

static int compile(struct mxb_dev *dev, const struct mxb_shader *s, struct mxb_pipe **out)
{
    struct mxb_pipe *p;
    if (!s->code_fn)
        return mxb_fail(dev, MXB_ECOMPILE, "ShaderCompilationError: %s has no CPU function %s", s->label, s->entry);
    if (s->nspec > MXB_MAX_SPEC || s->nbind > MXB_MAX_BIND || s->push_bytes > MXB_MAX_PUSH)
        return mxb_fail(dev, MXB_ECOMPILE, "ShaderCompilationError: %s has %u constants, %u bindings, %u parameter bytes",
                        s->label, s->nspec, s->nbind, s->push_bytes);
    if (s->scratch_bytes > dev->caps.mem_bytes / dev->caps.units ||
        cpu_pool_reserve(((struct cpu_dev *)dev)->pool, s->scratch_bytes) || !(p = malloc(sizeof *p)))
        return mxb_fail(dev, MXB_ENOMEM, "out of memory: %llu bytes of scratch per thread",
                        (unsigned long long)s->scratch_bytes);
    *p = (struct mxb_pipe){ .fn = s->code_fn, .nbind = s->nbind, .push_bytes = s->push_bytes };
    for (uint32_t i = 0; i < s->nspec; i++) p->spec[i] = s->spec[i].value;
    *out = p;
    return 0;
}

static void destroy(struct mxb_dev *dev, struct mxb_pipe *p)
{
    (void)dev;
    free(p);
}

/* Everything that could be wrong with a step, so that running it cannot fail. */
static int check_step(struct mxb_dev *dev, const struct mxb_step *s)
{
    for (uint32_t i = 0; i < s->nbind; i++) {
        const struct mxb_bind *b = &s->bind[i];
        if (!inside(b->buf, b->off, b->len)) return outside(dev, b->buf, b->off, b->len);
        if (b->off % (s->kind == MXB_FILL ? 4 : BIND_ALIGN))
            return mxb_fail(dev, MXB_EINVAL, "Invalid argument: binding %u at byte %llu is not aligned", i,
                            (unsigned long long)b->off);
    }
    if (s->kind == MXB_FILL) {
        if (s->nbind == 1 && s->bind[0].len % 4 == 0) return 0;
        return mxb_fail(dev, MXB_EINVAL, "Invalid argument: a fill needs one binding of a multiple of 4 bytes");
    }
    if (s->nbind != s->pipe->nbind || (s->pipe->push_bytes && !s->push))
        return mxb_fail(dev, MXB_EINVAL, "Invalid argument: %u bindings, the kernel has %u", s->nbind, s->pipe->nbind);
    int64_t items;
    if (__builtin_mul_overflow((uint64_t)s->groups[0] * s->groups[1], s->groups[2], &items))
        return mxb_fail(dev, MXB_EINVAL, "Invalid argument: %u x %u x %u items", s->groups[0], s->groups[1], s->groups[2]);
    return 0;
}

static void fill(const struct mxb_step *s)
{
    unsigned char *at = s->bind[0].buf->mem + s->bind[0].off;
    for (uint64_t i = 0; i < s->bind[0].len; i += sizeof s->fill) memcpy(at + i, &s->fill, sizeof s->fill);
}

static void dispatch(struct cpu_dev *d, const struct mxb_step *s)
{
    void *buf[MXB_MAX_BIND];
    for (uint32_t i = 0; i < s->nbind; i++) buf[i] = s->bind[i].buf->mem + s->bind[i].off;
    const struct mxb_args args = { .buf = buf, .params = s->push, .spec = s->pipe->spec, .groups = s->groups };
    cpu_pool_run(d->pool, s->pipe->fn, &args, (int64_t)s->groups[0] * s->groups[1] * s->groups[2]);
}

static int run(struct mxb_dev *dev, const struct mxb_step *steps, uint32_t n, uint32_t reps, struct mxb_time *time)
{
    for (uint32_t i = 0; i < n; i++) {
        const int rc = check_step(dev, &steps[i]);
        if (rc) return rc;
    }
    struct cpu_pool *pool = ((struct cpu_dev *)dev)->pool;
    struct timespec start, end;
    cpu_pool_gather(pool);
    clock_gettime(CLOCK_MONOTONIC_RAW, &start);
    for (uint32_t r = 0; r < reps; r++) {
        for (uint32_t i = 0; i < n; i++) {
            if (steps[i].kind == MXB_FILL) fill(&steps[i]);
            else dispatch((struct cpu_dev *)dev, &steps[i]);
        }
    }
    clock_gettime(CLOCK_MONOTONIC_RAW, &end);
    cpu_pool_scatter(pool);
    time->host_ns = time->dev_ns = elapsed_ns(&start, &end);
    return 0;
}

const struct mxb_backend mxb_backend_cpu = {
    .abi = MXB_BACKEND_ABI, .name = "cpu", .lang = "c",
    .count = count, .info = info, .open = open_device, .close = close_device,
    .alloc = alloc, .release = release, .upload = upload, .download = download,
    .compile = compile, .destroy = destroy, .run = run,
};
