#!/usr/bin/env bash
# Measures mlxbench itself: start-up, harness work per case, suite expansion, and the cpu backend against the oracle.
# Usage: scripts/bench_self.sh [BUILD]   (make bench-self)
set -eu
program=${MLXBENCH:-./mlxbench}
work=$(mktemp -d "${TMPDIR:-/tmp}/mlxbench-self-XXXXXX")
trap 'rm -rf "$work"' EXIT

# median_ms N COMMAND...: median wall time of N runs
median_ms() {
    python3 - "$@" <<'P'
import statistics, subprocess, sys, time
n, cmd = int(sys.argv[1]), sys.argv[2:]
t = []
for _ in range(n + 1):
    a = time.monotonic()
    subprocess.run(cmd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    t.append((time.monotonic() - a) * 1e3)
print("%.1f" % statistics.median(t[1:]))
P
}

echo "machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $(nproc) cores"
echo "revision: $("$program" version)"
echo
echo "from exec to the end of one small checked case, warm caches (median of 15)"
for b in cpu opencl vulkan; do
    printf '  %-7s %s ms\n' $b "$(median_ms 15 "$program" run '{op: rms_norm, entries: [rms_norm_f32], check: {fills: [normal]}}' --backend $b --check-only --db "$work/db")"
done

echo
echo "small cases that share pipelines, check only, stored (1000 problems)"
for b in cpu opencl vulkan; do
    "$program" run '{op: rms_norm, entries: [rms_norm_f32], params: {dim: 16}, sweep: {rows: {range: [1, 1000, 1]}}, check: {fills: [normal]}}' \
        --backend $b --check-only --db "$work/db" --format json > "$work/out"
    python3 - "$work/out" $b <<'P'
import json, statistics, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
s, rows = rows[-1]["summary"], rows[:-1]
work = [(r["case_ns"] - r["setup_ns"] - r["first_ns"]) / 1e6 for r in rows]
print("  %-7s %.0f cases/s; harness work per case beside kernel and upload: median %.3f ms" % (sys.argv[2], len(rows) / s["wall_s"], statistics.median(work)))
P
done

echo
echo "a suite of 100,000 cases"
cat > "$work/big.yaml" <<'Y'
suite: big
cases:
  - op: rms_norm
    entries: [rms_norm_f32]
    sweep: {rows: {range: [1, 500, 1]}, dim: {range: [1, 200, 1]}}
    backends: [cpu]
Y
/usr/bin/env python3 - "$program" "$work/big.yaml" <<'P'
import resource, subprocess, sys, time
a = time.monotonic()
subprocess.run([sys.argv[1], "list", "cases", sys.argv[2]], stdout=subprocess.DEVNULL, check=True)
print("  parsed, expanded and listed in %.2f s, %.0f MB" % (time.monotonic() - a, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024))
P

echo
echo "cpu backend, flash_attn_prefill_bf16_d256 causal, q=k=512, 16/8 heads"
big='{op: flash_attn_prefill, entries: [flash_attn_prefill_bf16_d256], params: {n_heads: 16, n_kv_heads: 8, seq_len_q: 512, seq_len_k: 512, do_causal: true}, check: {fills: [normal]}, bench: {rounds: 3, max_time: 1s}}'
for t in 1 2; do
    "$program" run "$big" --backend cpu --threads $t --no-db --format json > "$work/all"
    head -n 1 "$work/all" > "$work/t$t"
done
python3 - "$work/t1" "$work/t2" <<'P'
import json, sys
one, two = (json.loads(open(p).read()) for p in sys.argv[1:])
print("  oracle, 1 thread  %8.1f ms" % (one["oracle_ns"] / 1e6))
print("  kernel, 1 thread  %8.2f ms  %.1f GFLOP/s" % (one["median_ns"] / 1e6, one["gflops"]))
print("  kernel, 2 threads %8.2f ms  %.1f GFLOP/s, %s %s" % (two["median_ns"] / 1e6, two["gflops"], two["impl"], two["tile"]))
print("  kernel on all cores against the single-threaded oracle: %.0f x; against itself on one thread: %.2f x" %
      (one["oracle_ns"] / two["median_ns"], one["median_ns"] / two["median_ns"]))
P
