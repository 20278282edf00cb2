#!/usr/bin/env bash
# Measures the regression gate on this machine: false alarms of the same program against itself, slowdowns of 5 % and 10 %
# planted in one arm, on every backend.  Prints a table and whether the goals are met; exit code 1 if one is not.
# Wants a quiet machine: nothing else may run.  About 18 minutes on two cores, a third of it for each backend.
# Usage: scripts/gate_study.sh [PASSES [PLANTED]]      (12 and 2 decisions for each of the 27 cases)
# In parts: BACKENDS="cpu" STUDY=folder scripts/gate_study.sh measures these alone and keeps the figures in the folder; the
# table is made of all that it holds.
set -eu
passes=${1:-12} planted=${2:-2}
if [ -n "${STUDY-}" ]; then
    work=$STUDY
    mkdir -p "$work"
else
    work=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-study-XXXXXX")
    trap 'rm -rf "$work"' EXIT
fi
program=$work/mlxbench                 # a copy: a build meanwhile must not change what is measured
[ -e "$program" ] || cp "${MLXBENCH:-./mlxbench}" "$program"
# One thread per device: on rented processors two of them are sometimes one core's, and times have two levels.
export POCL_MAX_PTHREAD_COUNT=1 LP_NUM_THREADS=0
echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores, load $(cut -d ' ' -f 1-3 /proc/loadavg)"
echo "program: $("$program" version)"
for backend in ${BACKENDS-cpu opencl vulkan}; do
    study() { "$program" calibrate suites/gate.yaml --backend $backend --threads 1 --db "$work/db" --format json "$@" || [ $? -eq 4 ]; }
    "$program" run suites/gate.yaml --backend $backend --threads 1 --no-db > /dev/null      # compiles what the caches lack
    study --passes "$passes" --planted "$planted" --plant 5 > "$work/$backend.5"
    study --passes 0 --planted "$planted" --plant 10 > "$work/$backend.10"
done
python3 - "$work" <<'P'
import json, os, sys
from math import comb
work = sys.argv[1]

def upper(k, n):
    """One-sided 95 % Clopper-Pearson bound by bisection on the binomial distribution."""
    lo, hi = k / n, 1.0
    for _ in range(60):
        p = (lo + hi) / 2
        if sum(comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1)) > 0.05:
            lo = p
        else:
            hi = p
    return hi

def read(backend, plant):
    rows = [json.loads(l) for l in open(f"{work}/{backend}.{plant}")]
    return [r for r in rows if r["id"]], [r for r in rows if not r["id"]]

total = dict.fromkeys("decisions alarms improved unchanged planted5 found5 planted10 found10 kernel_s processes_s".split(), 0)
pairs = []
print("\n%-8s %9s %6s %9s %10s %7s %12s %12s %8s" %
      ("backend", "decisions", "alarms", "95% bound", "unchanged", "pairs", "+5% found", "+10% found", "kernels"))
for backend in ("cpu", "opencl", "vulkan"):
    if not os.path.exists(f"{work}/{backend}.10"):
        continue
    cases, devices = read(backend, 5)
    _, ten = read(backend, 10)
    t = {k: sum(d[k] for d in devices) for k in ("decisions", "alarms", "improved", "unchanged")}
    t["planted5"], t["found5"] = sum(d["planted"] for d in devices), sum(d["found"] for d in devices)
    t["planted10"], t["found10"] = sum(d["planted"] for d in ten), sum(d["found"] for d in ten)
    t["kernel_s"], t["processes_s"] = devices[0]["kernel_s"], devices[0]["processes_s"]
    for k in total:
        total[k] += t[k]
    pairs += [c["median_pairs"] for c in cases]
    n = max(1, t["decisions"])
    print("%-8s %9d %6d %8.2f%% %9.0f%% %7d %5d of %3d %5d of %3d %7.0f%%" %
          (backend, t["decisions"], t["alarms"], 100 * upper(t["alarms"], n), 100 * t["unchanged"] / n, devices[0]["median_pairs"],
           t["found5"], t["planted5"], t["found10"], t["planted10"], 100 * t["kernel_s"] / t["processes_s"]))
n = total["decisions"]
bound, share = upper(total["alarms"], n), total["kernel_s"] / total["processes_s"]
median = sorted(pairs)[len(pairs) // 2]
print("%-8s %9d %6d %8.2f%% %9.0f%% %7d %5d of %3d %5d of %3d %7.0f%%\n" %
      ("all", n, total["alarms"], 100 * bound, 100 * total["unchanged"] / n, median, total["found5"], total["planted5"],
       total["found10"], total["planted10"], 100 * share))
goals = [
    ("false alarms: 95 % bound at most 1 % (needs 300 decisions without one)", bound <= 0.01),
    ("+5 % found in at least 90 %", total["found5"] >= 0.90 * total["planted5"]),
    ("+10 % found in at least 99 %", total["found10"] >= 0.99 * total["planted10"]),
    ("equal kernels proved unchanged in at least 80 %", total["unchanged"] >= 0.8 * n),
    ("median pairs to a decision at most 16", median <= 16),
    ("at least 75 % of the processes' time in kernels", share >= 0.75),
]
for text, met in goals:
    print("%-6s %s" % ("met" if met else "MISSED", text))
sys.exit(not all(met for _, met in goals))
P
