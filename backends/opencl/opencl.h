/* The OpenCL backend: any device with OpenCL 1.2 or newer, through a loader opened at run time. */
#ifndef MXB_OPENCL_H
#define MXB_OPENCL_H
#include "harness/mxb_backend.h"

extern const struct mxb_backend mxb_backend_opencl;
#endif
