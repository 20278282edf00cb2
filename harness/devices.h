/* The devices of a run: probing in a worker, selection by --backend and --device, a worker per device and round. */
#ifndef MXB_DEVICES_H
#define MXB_DEVICES_H
#include "harness/suite.h"
#include "harness/worker.h"

enum { MAX_BACKENDS = 8, MAX_DEVICES = 32 };

struct device {
    const struct mxb_backend *be;
    int backend, index;              /* enum suite_backend; position in the backend's list */
    struct mxb_caps caps;
    char label[32];                  /* "vulkan:0" */
    struct worker *worker[MAX_ROUNDS];
    double canary_ns;                /* shortest canary so far, 0 = none */
    uint32_t open;                   /* 1u << round: that worker has the device open */
    uint32_t served[MAX_ROUNDS];     /* jobs that this worker has answered since */
};

struct device_list {
    struct worker_opts base;         /* what every worker gets, but the backend */
    struct guardian guardian;
    struct arena *arena;
    double timeout_s;                /* per job */
    struct device device[MAX_DEVICES]; uint32_t n;
    char missing[MAX_BACKENDS][MXB_ERRLEN];   /* why a probed backend has no device; "" = it has some */
};

extern const struct mxb_backend *const linked_backends[];   /* generated; index = enum suite_backend */
extern const uint32_t linked_backend_count;

/* Probes the backends of the mask (1u << enum suite_backend), each in a worker of its own. */
int  devices_probe(struct device_list *, uint32_t mask, char *err, size_t errlen);
/* Keeps the devices that a selector names: "vulkan:1", an index, or a part of the device's name (case ignored).
 * MXB_EINVAL with the known devices if none is left. */
int  devices_select(struct device_list *, const char *const *selector, uint32_t n, char *err, size_t errlen);
/* Runs a job on the device's worker of that round, which is started and opened when needed and thrown away when it
 * dies or cannot be trusted any more: its device was lost, memory ran out, the kernel did what it must not.
 * ST_PASS: job->answer->rc tells.  ST_CRASHED, ST_TIMEOUT, ST_ERROR (cannot open): text in err. */
enum mxb_status device_call(struct device_list *, struct device *, uint32_t round, struct job *, char *err,
                            size_t errlen);
void devices_stop(struct device_list *);   /* closes every worker in order */
void devices_kill(struct device_list *);   /* at once; async-signal-unsafe */
#endif
