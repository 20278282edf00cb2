#!/usr/bin/env python3
"""Holds mlxbench's device times on NVIDIA against CUDA events: NVIDIA's OpenCL driver compiles rms_norm to PTX, mlxbench times it
through OpenCL, and this script runs the same PTX through CUDA's driver between two events.  Needs nothing but libcuda.so.1.

Usage: scripts/peers/cuda_events.py [MLXBENCH]      prints one line per size: both times and their ratio
"""
import ctypes as c
import glob
import json
import os
import re
import statistics
import struct
import subprocess
import sys
import tempfile

DIM, WG, BATCH, SAMPLES, WARM_UP = 4096, 256, 20, 50, 50
SIZES = [132, 1024, 8192, 32768]             # rows


def ours(program, rows, folder):
    """Time in ns of one launch through OpenCL on the first NVIDIA device."""
    case = ("{op: rms_norm, entries: [rms_norm_f32], params: {rows: %d, dim: %d}, tile: {WG: [%d], VEC: [4]}, backends: [opencl], "
            "check: {fills: [normal], sampled: 64}}" % (rows, DIM, WG))
    args = [program, "run", case, "--device", "NVIDIA", "--no-db", "--format", "json"]
    out = subprocess.run(args, env=dict(os.environ, MXB_CACHE_DIR=folder), stdout=subprocess.PIPE, text=True, check=True).stdout
    return next(json.loads(line)["median_ns"] for line in out.splitlines() if '"median_ns"' in line)


def ptx(folder):
    """The program that the driver compiled, from mlxbench's cache of binaries."""
    for name in glob.glob(os.path.join(folder, "**", "opencl-*.bin"), recursive=True):
        with open(name, "rb") as f:
            data = f.read()
        start = data.find(b"//\n")
        if b".entry rms_norm" in data and start >= 0:
            # %envreg0 and on hold what OpenCL adds to indices, offsets of zero here; CUDA leaves them undefined.
            return re.sub(rb"%envreg\d+", b"0", data[start:].rstrip(b"\0")) + b"\0"
    sys.exit("cuda_events: no PTX of rms_norm in " + folder)


class Cuda:
    """The kernel in a context of the first device."""

    def __init__(self, text):
        self.lib, self.kernel, context, module = c.CDLL("libcuda.so.1"), c.c_void_p(), c.c_void_p(), c.c_void_p()
        self.call("cuInit", 0)
        self.call("cuDevicePrimaryCtxRetain", c.byref(context), 0)
        self.call("cuCtxSetCurrent", context)
        self.call("cuModuleLoadData", c.byref(module), text)
        self.call("cuModuleGetFunction", c.byref(self.kernel), module, b"rms_norm")

    def call(self, name, *args):
        code = getattr(self.lib, name)(*args)
        if code:
            sys.exit("cuda_events: %s: error %d" % (name, code))

    def buffer(self, numbers):
        p = c.c_uint64()
        self.call("cuMemAlloc_v2", c.byref(p), c.c_size_t(4 * numbers))
        self.call("cuMemsetD32_v2", p, 0x3f8ccccd, c.c_size_t(numbers))
        return p

    def event(self):
        e = c.c_void_p()
        self.call("cuEventCreate", c.byref(e), 0)
        return e

    def time(self, rows):
        """Median ns of a launch between two events around BATCH of them."""
        buffers = [self.buffer(n) for n in (rows * DIM, DIM, rows * DIM)]
        params = c.create_string_buffer(struct.pack("IIf", rows, DIM, 1e-6))
        args = (c.c_void_p * 4)(*[c.addressof(b) for b in buffers], c.addressof(params))
        start, end, ms, samples = self.event(), self.event(), c.c_float(), []
        for _ in range(SAMPLES + WARM_UP):
            self.call("cuEventRecord", start, None)
            for _ in range(BATCH):
                self.call("cuLaunchKernel", self.kernel, rows, 1, 1, WG, 1, 1, 0, None, args, None)
            self.call("cuEventRecord", end, None)
            self.call("cuEventSynchronize", end)
            self.call("cuEventElapsedTime", c.byref(ms), start, end)
            samples.append(ms.value * 1e6 / BATCH)
        for b in buffers:
            self.call("cuMemFree_v2", b)
        return statistics.median(samples[WARM_UP:])


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "./mlxbench"
    with tempfile.TemporaryDirectory() as folder:
        opencl = [ours(program, rows, folder) for rows in SIZES]
        cuda = Cuda(ptx(folder))
        print("%8s %12s %12s %8s" % ("rows", "OpenCL us", "CUDA us", "ratio"))
        for rows, a in zip(SIZES, opencl):
            b = cuda.time(rows)
            print("%8d %12.2f %12.2f %8.3f" % (rows, a / 1e3, b / 1e3, a / b))


if __name__ == "__main__":
    main()
