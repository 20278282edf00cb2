/* Private to the cpu backend: what the processor can do, what the machine allows, and the pool of threads. */
#ifndef CPU_INTERNAL_H
#define CPU_INTERNAL_H
#include "harness/mxb_backend.h"

/* ---- cpu_isa.c ---- */

/* MXB_FEAT_ bits of the instruction sets that both the processor and the operating system support.  Asks Linux for
 * permission to use AMX, which holds for the whole process. */
uint64_t cpu_isa_features(void);
const char *cpu_isa_name(uint64_t features);     /* "x86-64 AVX-512" */
/* PCI vendor id of the maker and family/model/stepping as cpuid gives them; 0 where unknown. */
void cpu_isa_ids(uint32_t *vendor_id, uint32_t *device_id);

/* ---- cpu_topology.c ---- */

struct cpu_topology {
    char     name[128];              /* processor model */
    uint32_t threads;                /* processors of the affinity mask, at most the cgroups' quota rounded up */
    uint64_t mem_bytes;              /* memory available now, at most the cgroups' limit */
    uint64_t l2_bytes;               /* of the first allowed processor, 0 = unknown */
    uint64_t llc_bytes;              /* all last-level caches that the allowed processors reach together, 0 = unknown */
};
/* Reads /proc and /sys below `root`: "" outside tests. */
void cpu_topology_read(const char *root, struct cpu_topology *out);

/* ---- cpu_pool.c ---- */

struct cpu_pool;                     /* one caller at a time */

/* `threads` counts the caller, so 1 starts none.  MXB_ENOMEM, or MXB_EDEVICE if the system refuses a thread. */
int  cpu_pool_new(uint32_t threads, struct cpu_pool **out);
void cpu_pool_free(struct cpu_pool *);           /* NULL is fine */
/* Gives each thread at least `bytes` of scratch, 64-byte aligned; it never shrinks.  MXB_ENOMEM leaves it as it was. */
int  cpu_pool_reserve(struct cpu_pool *, uint64_t bytes);
/* Between these two calls the caller has a processor to itself, if there are as many threads as it may use processors; helpers
 * have theirs for good. */
void cpu_pool_gather(struct cpu_pool *);
void cpu_pool_scatter(struct cpu_pool *);
/* Computes items [0, items) of fn and returns when all are done.  Each call of fn gets *args with its thread's scratch. */
void cpu_pool_run(struct cpu_pool *, mxb_cpu_fn fn, const struct mxb_args *args, int64_t items);
#endif
