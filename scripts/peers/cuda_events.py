#!/usr/bin/env python3
"""Holds mlxbench's device times on NVIDIA against CUDA events: NVIDIA's OpenCL driver compiles bench_copy to PTX, mlxbench times it
through OpenCL, and this script runs the same PTX through CUDA between two events.  Needs CuPy.

Usage: scripts/peers/cuda_events.py [MLXBENCH]      prints one line per size: both times and their ratio
"""
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile

import cupy

WG, GROUPS, BATCH, SAMPLES = 256, 4096, 20, 50


def ours(program, n, folder):
    """Time in ns of one launch through OpenCL on the first NVIDIA device, and that of the host's clock."""
    case = "{op: bench_copy, params: {n: %d}, tile: {WG: [%d], GROUPS: [%d]}, backends: [opencl], check: {fills: [normal], sampled: 64}}"
    env = dict(os.environ, MXB_CACHE_DIR=folder)
    args = [program, "run", case % (n, WG, GROUPS), "--device", "NVIDIA", "--no-db", "--format", "json"]
    out = subprocess.run(args, env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
    return next(json.loads(line)["median_ns"] for line in out.splitlines() if '"median_ns"' in line)


def ptx(folder):
    """The program that the driver compiled, from mlxbench's cache of binaries."""
    for name in glob.glob(os.path.join(folder, "**", "opencl-*.bin"), recursive=True):
        data = open(name, "rb").read()
        start = data.find(b"//\n")
        if b".entry bench_copy" in data and start >= 0:
            return data[start:].rstrip(b"\0").decode()
    sys.exit("no PTX of bench_copy in " + folder)


def load(text):
    with tempfile.NamedTemporaryFile("w", suffix=".ptx") as f:
        f.write(text)
        f.flush()
        return cupy.RawModule(path=f.name).get_function("bench_copy")


def theirs(kernel, n):
    x = cupy.random.randint(0, 2**31, 4 * n, dtype=cupy.int32)
    y = cupy.empty_like(x)
    grid = (min((n + WG - 1) // WG, GROUPS),)
    start, end, samples = cupy.cuda.Event(), cupy.cuda.Event(), []
    for i in range(SAMPLES + 10):
        start.record()
        for _ in range(BATCH):
            kernel(grid, (WG,), (x, y, cupy.uint32(n)))
        end.record()
        end.synchronize()
        if i >= 10:
            samples.append(cupy.cuda.get_elapsed_time(start, end) * 1e6 / BATCH)
    return statistics.median(samples)


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "./mlxbench"
    with tempfile.TemporaryDirectory() as folder:
        sizes = [1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 25]
        opencl = {n: ours(program, n, folder) for n in sizes}
        kernel = load(ptx(folder))
        print("%12s %12s %12s %8s" % ("bytes", "OpenCL us", "CUDA us", "ratio"))
        for n in sizes:
            cuda = theirs(kernel, n)
            print("%12d %12.2f %12.2f %8.3f" % (32 * n, opencl[n] / 1e3, cuda / 1e3, opencl[n] / cuda))


if __name__ == "__main__":
    main()
