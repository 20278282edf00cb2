/* The Vulkan backend: SPIR-V compute kernels on any Vulkan 1.1 device. */
#ifndef VULKAN_BACKEND_H
#define VULKAN_BACKEND_H
#include "harness/mxb_backend.h"

extern const struct mxb_backend mxb_backend_vulkan;
#endif
