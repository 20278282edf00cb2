/* What a backend is.  Each folder backends/<name>/ defines one `const struct mxb_backend mxb_backend_<name>`.
 * A backend knows buffers, pipelines and dispatches; it never sees an op.
 * Only one thread at a time calls into a device. */
#ifndef MXB_BACKEND_H
#define MXB_BACKEND_H
#include <stdbool.h>
#include "harness/mxb_types.h"

#define MXB_BACKEND_ABI 1

/* Device abilities an impl may need; names for people are in mxb_feature_name(). */
#define MXB_FEAT_F16_STORAGE  (1ull << 0)   /* 16-bit loads and stores in buffers */
#define MXB_FEAT_F16_ARITH    (1ull << 1)
#define MXB_FEAT_BF16_ARITH   (1ull << 2)
#define MXB_FEAT_U8_STORAGE   (1ull << 3)   /* 8-bit loads and stores in buffers */
#define MXB_FEAT_SUBGROUP     (1ull << 4)   /* subgroup arithmetic and shuffle */
#define MXB_FEAT_INT8_DOT     (1ull << 5)
#define MXB_FEAT_INT64        (1ull << 6)
#define MXB_FEAT_COOPMAT_KHR  (1ull << 7)
#define MXB_FEAT_COOPMAT_NV   (1ull << 8)
#define MXB_FEAT_UNIFIED_MEM  (1ull << 9)   /* host-visible memory is device-local */
#define MXB_FEAT_DEVICE_TIME  (1ull << 10)  /* device timestamps are valid */
#define MXB_FEAT_AVX2         (1ull << 16)  /* AVX2 + FMA + F16C */
#define MXB_FEAT_AVX512       (1ull << 17)  /* AVX-512 F, BW, DQ, VL (and AVX2 above) */
#define MXB_FEAT_AVX512_BF16  (1ull << 18)
#define MXB_FEAT_AVX512_FP16  (1ull << 19)
#define MXB_FEAT_AMX_BF16     (1ull << 20)  /* AMX tiles, permission granted by the kernel */
const char *mxb_feature_name(uint64_t single_bit);   /* "subgroup operations", never NULL */

enum mxb_device_kind { MXB_KIND_CPU, MXB_KIND_INTEGRATED, MXB_KIND_DISCRETE, MXB_KIND_VIRTUAL, MXB_KIND_OTHER };

struct mxb_caps {                    /* plain data, stored as is with the results */
    char     name[128];              /* device name as its driver reports it */
    char     driver[128];            /* driver name, "llvmpipe", "PoCL" */
    char     driver_version[128];
    char     api[64];                /* "Vulkan 1.3.230", "OpenCL 1.2 (C 1.2)", "x86-64 AVX-512" */
    char     uuid[33];               /* 32 hex digits or "" */
    uint32_t vendor_id, device_id;
    enum mxb_device_kind kind;
    uint64_t features;               /* MXB_FEAT_ bits */
    uint32_t max_wg, max_wg_dim[3];  /* work items per workgroup */
    uint32_t max_groups[3];
    uint32_t sg_min, sg_max;         /* subgroup width, 0 = none */
    uint32_t push_bytes;             /* parameter block, Vulkan guarantees only 128 */
    uint32_t max_bind, bind_align;   /* storage buffers per kernel; alignment of mxb_bind.off in bytes */
    uint32_t units;                  /* compute units, cores or threads */
    uint64_t local_bytes;            /* local (shared) memory of a workgroup */
    uint64_t mem_bytes, max_buffer;  /* device memory; largest one binding */
    uint64_t llc_bytes;              /* last-level cache, 0 = unknown */
    double   tick_ns;                /* device timestamp period, 0 = none */
    uint32_t ts_valid_bits;          /* of a device timestamp */
};

struct mxb_dev {                     /* base object: first member of each backend's own struct */
    const struct mxb_backend *be;
    int index;                       /* position in the backend's list */
    struct mxb_caps caps;
    char err[8192];                  /* text of the last failure; compile errors hold the whole log */
};
struct mxb_buf;                      /* opaque, owned by the device that made it */
struct mxb_pipe;

/* The cpu backend's calling convention.  A dispatch of groups (gx,gy,gz) is gx*gy*gz items, x fastest;
 * one call computes items [begin,end) and calls run concurrently on different threads. */
struct mxb_args {
    void *const    *buf;             /* tensors in binding order */
    const void     *params;          /* the op's parameter block */
    const int32_t  *spec;            /* DTYPE, DTYPE2, DTYPE3, the entry's constants, the impl's consts, its tiles */
    const uint32_t *groups;          /* the dispatch's (gx,gy,gz) */
    void           *scratch;         /* this thread's own, 64-byte aligned, mxb_shader.scratch_bytes long */
};
typedef void (*mxb_cpu_fn)(const struct mxb_args *, int64_t begin, int64_t end);

struct mxb_spec {                    /* one constant with its value */
    const char *name;                /* -D name in OpenCL C */
    uint32_t id;                     /* constant_id in SPIR-V */
    char type;                       /* 'b' bool, 'i' signed 32-bit */
    int32_t value;
};

struct mxb_shader {                  /* one kernel, ready to compile */
    const char *label;               /* the cache key: debug name of the pipeline */
    const char *entry;               /* function name (OpenCL, cpu); SPIR-V entry is always "main" */
    const void *code;                /* opencl: flattened text; vulkan: SPIR-V; cpu: mxb_cpu_fn in code_fn */
    size_t      code_bytes;
    mxb_cpu_fn  code_fn;
    const char *defines;             /* "-DDTYPE=1 -DBD=256": opencl only, baked into SPIR-V */
    const struct mxb_spec *spec; uint32_t nspec;
    uint32_t nbind, push_bytes, local[3];   /* local: work items per workgroup, ignored by cpu */
    uint64_t scratch_bytes;          /* cpu: per thread */
};

struct mxb_bind { struct mxb_buf *buf; uint64_t off, len; };   /* bytes; off is a multiple of caps.bind_align */

struct mxb_step {                    /* steps run in order; each sees all writes of the one before */
    enum mxb_step_kind { MXB_DISPATCH, MXB_FILL } kind;
    struct mxb_pipe *pipe;
    uint32_t groups[3];              /* workgroups, in every API */
    struct mxb_bind bind[MXB_MAX_BIND]; uint32_t nbind;
    const void *push;                /* push_bytes of the pipe's shader */
    uint32_t fill;                   /* MXB_FILL: 32-bit pattern into bind[0]; off and len multiples of 4 */
};

struct mxb_time {                    /* of one whole run() call, all repetitions together */
    double dev_ns;                   /* device clock, < 0 = not available */
    double host_ns;                  /* CLOCK_MONOTONIC_RAW around submit and wait */
};

struct mxb_open_opts {
    const char *cache_dir;           /* existing folder for compiled binaries, NULL = no disk cache */
    uint32_t threads;                /* cpu: 0 = as many as the affinity mask allows */
    bool validate;                   /* vulkan: validation layer on, messages become device errors */
};

struct mxb_backend {
    uint32_t abi;                    /* = MXB_BACKEND_ABI */
    const char *name;                /* "cpu" | "opencl" | "vulkan" */
    const char *lang;                /* kernel language it takes: "c" | "cl" | "comp" (= source suffix) */

    /* Number of devices, 0 with the reason in `why` when there is no loader, driver or device. */
    int  (*count)(char *why, size_t whylen);
    /* Describes a device without opening it for work.  MXB_EINVAL if index >= count. */
    int  (*info)(int index, struct mxb_caps *out, char *err, size_t errlen);
    int  (*open)(int index, const struct mxb_open_opts *, struct mxb_dev **out, char *err, size_t errlen);
    void (*close)(struct mxb_dev *);                        /* NULL is fine; writes the disk cache */

    int  (*alloc)(struct mxb_dev *, uint64_t bytes, struct mxb_buf **out);   /* bytes 0: MXB_EINVAL */
    void (*release)(struct mxb_dev *, struct mxb_buf *);    /* NULL is fine */
    int  (*upload)(struct mxb_dev *, struct mxb_buf *, uint64_t off, const void *src, uint64_t n);
    int  (*download)(struct mxb_dev *, struct mxb_buf *, uint64_t off, void *dst, uint64_t n);

    int  (*compile)(struct mxb_dev *, const struct mxb_shader *, struct mxb_pipe **out);
    void (*destroy)(struct mxb_dev *, struct mxb_pipe *);   /* NULL is fine */

    /* Runs steps[0..n) `reps` times in one submission and waits.  n is small, but for cold-cache timing, where the steps
     * repeat over up to 100 buffer sets. */
    int  (*run)(struct mxb_dev *, const struct mxb_step *steps, uint32_t n, uint32_t reps, struct mxb_time *);
};

/* Writes the text of a failure into d->err and returns code. */
int mxb_fail(struct mxb_dev *d, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#endif
