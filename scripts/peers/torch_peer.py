#!/usr/bin/env python3
"""Times PyTorch on the cases of mlxbench: reads `mlxbench list cases SUITE --format json`, writes what `import` takes.

How it measures and what that means: docs/peers.md.  Needs python3 and PyTorch; mlxbench needs neither."""
import argparse
import collections
import json
import os
import signal
import subprocess
import sys
import tempfile

WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_worker.py")
FACTS = ("op", "entry", "cache", "params", "seed", "consts", "tensors", "timed")     # of a case, as the list has them
BAD_INPUT, WRONG, INTERRUPTED = 3, 2, 130                                            # exit codes, as of mlxbench


def tell(text):
    print("torch_peer: " + text, file=sys.stderr)


def die(text):
    tell(text)
    sys.exit(BAD_INPUT)


def listing(counter):
    return ", ".join("%d %s" % (n, name) for name, n in sorted(counter.items()))


class Parser(argparse.ArgumentParser):
    def error(self, message):
        die(message)


def number(kind, least):
    def read(text):
        value = kind(text)
        if not least <= value < 1e6:
            raise ValueError
        return value
    read.__name__ = "value"                          # what argparse calls it in "invalid ... value"
    return read


def options(words):
    p = Parser(prog="torch_peer.py", allow_abbrev=False, description="Times PyTorch on the cases of mlxbench.")
    p.add_argument("file", nargs="?", default="-", metavar="FILE",
                   help="what `mlxbench list cases SUITE --format json` prints (default: stdin)")
    p.add_argument("--device", choices=("cuda", "cpu"), default="cpu")
    p.add_argument("--threads", type=number(int, 1), default=0, metavar="N",
                   help="on the CPU (default: as many as the process may use)")
    p.add_argument("--rounds", type=number(int, 1), default=3, metavar="N", help="fresh processes (default 3)")
    p.add_argument("--time", type=number(float, 0.001), default=0.3, metavar="SECONDS",
                   help="of sampling per case and round (default 0.3)")
    p.add_argument("--timeout", type=number(int, 1), default=120, metavar="SECONDS",
                   help="for a case in a round (default 120)")
    p.add_argument("--graph", action="store_true",
                   help="CUDA: the calls of a sample as one graph, without the cost of Python between them")
    p.add_argument("--check-only", action="store_true",
                   help="compare with float64, time nothing; only failures are written")
    o = p.parse_args(words)
    if o.graph and o.device != "cuda":
        die("--graph needs --device cuda")
    return o


def read_cases(name, every):
    """The cases of the list, each once: implementations, tiles and backends of mlxbench do not matter to PyTorch."""
    cases = {}
    try:
        with sys.stdin if name == "-" else open(name) as f:
            for n, line in enumerate(f, 1):
                if not line.strip():
                    continue
                try:
                    case = json.loads(line)
                    fact = {k: case[k] for k in FACTS}
                except (ValueError, KeyError, TypeError):
                    die("%s:%d: no case; give the output of `mlxbench list cases SUITE --format json`" %
                        ("stdin" if name == "-" else name, n))
                if fact["timed"] or every:
                    cases.setdefault(json.dumps([fact[k] for k in ("entry", "cache", "params", "seed")]), fact)
    except (OSError, UnicodeDecodeError) as e:
        die("cannot read '%s': %s" % (name, getattr(e, "strerror", None) or e))
    return list(cases.values())


class Round:
    """Runs worker processes until every case that still counts has had its turn, or until Ctrl-C."""

    def __init__(self, o):
        self.o, self.device, self.version, self.worker, self.stopped = o, None, None, None, False
        signal.signal(signal.SIGINT, self.stop)

    def stop(self, *_):
        self.stopped = True
        if self.worker:
            self.worker.kill()                       # what it has written is still read

    def run(self, cases):
        left = [c for c in cases if "status" not in c]
        while left and not self.stopped:
            left = left[self.run_process(left):]

    def run_process(self, cases):
        """One process; how many of the cases have ended, the one that brought it down included."""
        job = dict(vars(self.o), cases=[{k: c[k] for k in FACTS + ("way",) if k in c} for c in cases])
        begun, ended = None, 0
        with tempfile.TemporaryFile("w+") as errors:
            self.worker = subprocess.Popen([sys.executable, "-B", WORKER], stdin=subprocess.PIPE, text=True,
                                           stdout=subprocess.PIPE, stderr=errors)
            if self.stopped:                         # since the last look at it
                self.worker.kill()
            try:
                self.worker.stdin.write(json.dumps(job))
                self.worker.stdin.close()
            except BrokenPipeError:
                pass                                 # it says why on stderr
            for text in self.worker.stdout:
                line = json.loads(text)
                if "device" in line:
                    self.device, self.version = line["device"], line["version"]
                elif "begin" in line:
                    begun = line["begin"]
                else:
                    self.take(cases[line["end"]], line)
                    begun, ended = None, line["end"] + 1
            code = self.worker.wait()
            errors.seek(0)
            last = (errors.read().strip().splitlines() or ["no message"])[-1]
        if self.stopped:
            return len(cases)
        if begun is not None:
            self.take(cases[begun], self.fate(code, last))
            return begun + 1
        if ended == 0:
            die("PyTorch cannot be used: %.300s" % last)
        return ended

    def fate(self, code, last):
        if code == -signal.SIGALRM:
            return {"status": "TIMEOUT", "reason": "no answer within %d s" % self.o.timeout}
        how = "signal %d" % -code if code < 0 else "exit code %d: %.200s" % (code, last)
        return {"status": "CRASHED", "reason": how}

    def take(self, case, line):
        case["way"] = line.get("way", case.get("way", ""))
        if "status" in line:
            case.update(status=line["status"], reason=line.get("reason", ""))
        elif "ns" in line:
            case.setdefault("rounds_ns", []).append([round(t, 3) for t in line["ns"]])
        if sys.stderr.isatty() and line.get("status") != "NONE":
            tell("%s %s" % (line.get("status", "ok"), case["entry"]))


def write(case, o, r):
    """The line of a case for `mlxbench import`."""
    line = {"backend": "peer:torch", "device": r.device, "driver": "torch", "driver_version": r.version}
    line.update((k, case[k]) for k in ("entry", "params", "cache", "seed"))
    if case["way"]:
        line["impl"] = case["way"] + (", graph" if o.graph else "")
    if case["status"] == "PASS":
        line["rounds_ns"] = case["rounds_ns"]
    else:
        line.update(status=case["status"], reason=case["reason"])
    print(json.dumps(line))


def main():
    o = options(sys.argv[1:])
    cases = read_cases(o.file, o.check_only)
    r = Round(o)
    for _ in range(1 if o.check_only else o.rounds):
        r.run(cases)
    for c in cases:
        c.setdefault("status", "PASS" if c.get("rounds_ns") or (o.check_only and "way" in c) else "not reached")
        if c["status"] not in ("NONE", "not reached") and (c["status"] != "PASS" or not o.check_only):
            write(c, o, r)
    count = collections.Counter(c["status"] for c in cases if c["status"] != "NONE")
    none = collections.Counter(c["op"] for c in cases if c["status"] == "NONE")
    tell("%d cases: %s" % (len(cases), listing(count) or "nothing to do"))
    if none:
        tell("without counterpart in PyTorch, left out: " + listing(none))
    return INTERRUPTED if r.stopped else WRONG if set(count) - {"PASS", "SKIP"} else 0


if __name__ == "__main__":
    sys.exit(main())
