"""One round of torch_peer.py: a process of its own that times every case it is given, once.

Reads {"device", "threads", "time", "timeout", "graph", "check_only", "cases"} from stdin and writes JSON lines: first
what it runs on, then {"begin": i} and {"end": i, ...} around case i, with "way" and the samples "ns", or "status" and
"reason".  A case that brings the process down is the one that has begun and not ended."""
import itertools
import json
import math
import os
import signal
import statistics
import sys
import time

import torch

import torch_ops

SAMPLES = 1000                           # at most; mlxbench stores no more
WARM_UP = 0.1                            # seconds
UNKNOWN_CACHE = 64 << 20                 # bytes: larger than the last-level cache of most devices that do not tell
COLD_SETS, COLD_RATIO = 100, 1.2         # sets of buffers at most; what cold must cost over warm to be believed
DTYPE_BYTES = {"f32": 4, "u32": 4, "i32": 4, "f16": 2, "bf16": 2, "i8": 1, "u8": 1, "bool": 1}


class Skip(Exception):
    """The device cannot do the case as it is asked; the text says why."""


class Cpu:
    name, least = "cpu", 1e6             # least: ns of a sample, as where mlxbench has the host's clock alone

    def __init__(self, threads):
        torch.set_num_threads(threads or len(os.sched_getaffinity(0)))
        self.driver = "%s, threads=%d" % (torch.__version__, torch.get_num_threads())
        with open("/proc/cpuinfo") as f:
            self.title = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "CPU")
        self.memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        self.cache = self.last_level_cache() or UNKNOWN_CACHE

    @staticmethod
    def last_level_cache():
        try:
            with open("/sys/devices/system/cpu/cpu0/cache/index3/size") as f:
                return int(f.read().strip().rstrip("K")) << 10
        except (OSError, ValueError):
            return 0

    def settle(self):
        pass

    def sample(self, functions, n):
        """ns of n calls, which take turns on the functions."""
        start = time.perf_counter_ns()
        for _ in range(n):
            next(functions)()
        return time.perf_counter_ns() - start


class Cuda:
    name, least = "cuda", 2e5

    def __init__(self, threads):
        if not torch.cuda.is_available():
            raise SystemExit("PyTorch %s finds no CUDA device" % torch.__version__)
        properties = torch.cuda.get_device_properties(0)
        self.driver, self.title, self.memory = torch.__version__, properties.name, properties.total_memory
        self.cache = max(getattr(properties, "L2_cache_size", 0), UNKNOWN_CACHE)
        self.first, self.last = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def settle(self):
        torch.cuda.synchronize()

    def sample(self, functions, n):
        self.first.record()
        for _ in range(n):
            next(functions)()
        self.last.record()
        self.last.synchronize()
        return self.first.elapsed_time(self.last) * 1e6


def in_graph(functions, n):
    """One CUDA graph of n calls: a replay costs one launch of the host."""
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        for _ in range(n):
            next(functions)()
    return itertools.cycle([graph.replay])


def repetitions(device, functions):
    """Calls that make a sample of device.least."""
    n = 1
    for _ in range(3):                   # one call alone may cost more than its share of many
        n = max(1, min(4096, math.ceil(n * device.least / max(device.sample(functions, n), 1.0))))
    return n


def by_speed(device, ways):
    """Names of the ways, the fastest of a short look first.  Those that this build or device refuses fall out."""
    taken, refusal = {}, None
    for name, way in ways.items():
        try:
            turn = itertools.cycle([way])
            device.sample(turn, 1)
            n = repetitions(device, turn)
            taken[name] = statistics.median(device.sample(turn, n) / n for _ in range(3))
        except (RuntimeError, NotImplementedError) as e:
            refusal = e
    if not taken:
        raise refusal
    return sorted(taken, key=taken.get)


def samples_of(device, functions, n, seconds, graph):
    """ns per call: a warm-up, then samples for so many seconds, five at least."""
    calls, times = n, []
    if graph:
        functions, calls = in_graph(functions, n), 1
    end = time.monotonic() + min(WARM_UP, seconds / 3)
    while time.monotonic() < end:
        device.sample(functions, calls)
    device.settle()
    end = time.monotonic() + seconds
    while len(times) < SAMPLES and (len(times) < 5 or time.monotonic() < end):
        times.append(device.sample(functions, calls))
    return [max(t / n, 0.01) for t in times]         # a clock may not have moved at all


def set_bytes(case):
    return sum(DTYPE_BYTES[t["dtype"]] * math.prod(t["shape"]) for t in case["tensors"])


def make(case, device, seed):
    return torch_ops.OPS[case["op"]](case, torch_ops.Inputs(case, device.name, seed))


def cold_turn(case, device, way, first):
    """The way on as many sets of buffers as no cache holds, and how many those are."""
    one = set_bytes(case)
    sets = math.ceil(2 * device.cache / one) + 1
    if sets > COLD_SETS or sets * one > device.memory / 4:
        raise Skip("cold cache: needs %d buffer sets of %d bytes against a cache of %d" % (sets, one, device.cache))
    ways = [first] + [make(case, device, seed)[0][way] for seed in range(1, sets)]
    warm, cold = itertools.cycle([first]), itertools.cycle(ways)
    for turn in warm, cold:
        device.sample(turn, sets)
    ratio = (statistics.median(device.sample(cold, sets) for _ in range(9)) /
             statistics.median(device.sample(warm, sets) for _ in range(9)))
    if ratio < COLD_RATIO:
        raise Skip("cold cache cannot be shown: cold / warm = %.2f, wanted %.1f" % (ratio, COLD_RATIO))
    return cold, sets


def run(case, device, job):
    """What is written about a case: its way and samples, or why there are none."""
    need = 4 * set_bytes(case)           # inputs, results, and as much again for what lies between
    if need > device.memory:
        raise Skip("needs %d bytes, the device has %d" % (need, device.memory))
    made = make(case, device, 0) if case["op"] in torch_ops.OPS else None
    if made is None:
        return {"status": "NONE"}        # PyTorch has no counterpart
    ways, wrong = made
    names = [case["way"]] if case.get("way") else by_speed(device, ways)         # all rounds time the same way
    faults = {name: wrong(ways[name]) for name in names}
    right = [name for name in names if not faults[name]]
    if not right or (job["check_only"] and len(right) < len(names)):
        way = next(name for name in names if faults[name])
        return {"status": "FAIL", "reason": faults[way], "way": way}
    way = right[0]
    if job["check_only"]:
        return {"way": way}
    turn, sets = itertools.cycle([ways[way]]), 1
    if case["cache"] == "cold":
        turn, sets = cold_turn(case, device, way, ways[way])
    n = repetitions(device, turn)
    n = math.ceil(n / sets) * sets
    return {"way": way, "ns": samples_of(device, turn, n, job["time"], job["graph"])}


def tell(**line):
    print(json.dumps(line), flush=True)


def main():
    signal.signal(signal.SIGINT, signal.SIG_IGN)     # Ctrl-C goes to the parent, which ends this process
    job = json.load(sys.stdin)
    device = (Cuda if job["device"] == "cuda" else Cpu)(job["threads"])
    tell(device=device.title, version=device.driver)
    torch.set_grad_enabled(False)
    for i, case in enumerate(job["cases"]):
        tell(begin=i)
        signal.alarm(job["timeout"])     # ends the process, also where PyTorch hangs
        try:
            tell(end=i, **run(case, device, job))
        except Skip as e:
            tell(end=i, status="SKIP", reason=str(e))
        except (RuntimeError, NotImplementedError, MemoryError) as e:
            tell(end=i, status="ERROR", reason=" ".join(str(e).split())[:300] or type(e).__name__)
            if "CUDA error" in str(e):   # the device is lost to this process; another one goes on
                return
        signal.alarm(0)
        if device.name == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
