/* The cpu backend: the machine's own cores as one device, kernels as C functions on a pool of threads. */
#ifndef MXB_CPU_BACKEND_H
#define MXB_CPU_BACKEND_H
#include "harness/mxb_backend.h"

extern const struct mxb_backend mxb_backend_cpu;
#endif
