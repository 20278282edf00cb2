#!/usr/bin/env bash
# The same seed gives the same bits: inputs on every backend and number of threads, and every word of a run's results but
# the times.
. tests/cli/tap.sh

# Inputs and oracle of every entry's first fill, on each backend and with one thread and several.
case='{op: flash_attn_prefill, entries: [flash_attn_prefill_bf16_d256], params: {n_heads: 4, n_kv_heads: 2, seq_len_q: 65, seq_len_k: 700, mask: rank4}, check: {fills: [normal]}}'
for setting in "cpu 1" "cpu 2" "cpu 5" "opencl 1" "vulkan 2"; do
    set -- $setting
    run 0 dump "$case" --backend "$1" --threads "$2" --out "$W/$1$2"
    result "dump on $1 with $2 threads"
    [ "$1$2" = cpu1 ] && continue
    same=0
    for f in "$W"/cpu1/*.npy; do
        case ${f##*/} in *.cpu0.*) continue ;; esac
        cmp "$f" "$W/$1$2/${f##*/}" > "$W/out" 2>&1 && same=$((same + 1)) || same=-100
    done
    [ $same -ge 5 ]; result "inputs and oracle have the same bits as on cpu with 1 thread"
done
cmp "$W"/cpu1/O.cpu0.*.npy "$W"/cpu5/O.cpu0.*.npy > "$W/out" 2>&1
result "the cpu backend's output does not depend on the number of threads"
run 0 dump "$case" --backend cpu --seed 2 --out "$W/seed2"
! cmp -s "$W/cpu1/Q.npy" "$W/seed2/Q.npy" && [ -s "$W/seed2/Q.npy" ]; result "another seed gives other inputs"

# Two runs, less the fields that docs/architecture.md lists as times.
cat > "$W/less.py" <<'P'
import json, re, sys
listed = re.search(r"Times in it are (.*?)\. ", open("docs/architecture.md").read(), re.S).group(1)
times = set(re.findall(r"`(\w+)`", listed))
assert len(times) > 10, times
def less(v):
    return {k: less(w) for k, w in v.items() if k not in times} if isinstance(v, dict) else v
for line in sys.stdin:
    print(json.dumps(less(json.loads(line)), sort_keys=True))
P
run 0 run suites/smoke.yaml --no-db --format json --threads 1 --rounds 2; cp "$W/out" "$W/a"
run 0 run suites/smoke.yaml --no-db --format json --threads 1 --rounds 2; cp "$W/out" "$W/b"
python3 "$W/less.py" < "$W/a" > "$W/a.less" && python3 "$W/less.py" < "$W/b" > "$W/b.less"
[ "$(wc -l < "$W/a.less")" -gt 30 ] && cmp "$W/a.less" "$W/b.less" > "$W/out" 2>&1
result "two runs are byte-identical but for the times"
! cmp -s "$W/a" "$W/b" && grep -q '"err_max"' "$W/a.less" && ! grep -q '"median_ns"' "$W/a.less"
result "what is compared holds errors and no times"
run 0 run suites/smoke.yaml --no-db --format json --threads 2 --check-only --repeat 3
result "repeated three times, every case of the smoke suite has the same bits"
finish
