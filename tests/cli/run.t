#!/usr/bin/env bash
# The smoke suite on every backend: table, JSON lines, database, repro lines, dump.
. tests/cli/tap.sh

run 0 run suites/smoke.yaml --check-only --db "$W/r.db"
result "smoke suite passes on every backend"
grep -qE '^[0-9]+ PASS, 0 FAIL, [0-9]+ SKIP, [0-9]+ cases in' "$W/out"
result "summary counts cases and pipelines"
for b in cpu opencl vulkan; do
    grep -q "PASS $b:0" "$W/out"
    result "smoke runs on $b"
done

python3 - "$W/r.db" <<'P'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
assert db.execute("pragma integrity_check").fetchone()[0] == "ok"
assert db.execute("pragma user_version").fetchone()[0] == db.execute("select max(version) from migration").fetchone()[0]
assert db.execute("select count(*) from run where state = 'complete'").fetchone()[0] == 1
n, bad = db.execute("select count(*), sum(status not in ('PASS', 'SKIP')) from result").fetchone()
assert n > 20 and bad == 0, (n, bad)
P
result "every row is in the database"

run 0 run suites/smoke.yaml --op rms_norm --format json --no-db
result "smoke with timing, as JSON lines"
python3 - "$W/out" <<'P'
import json, sys
want = "suite op entry backend device impl tile params status reason err_rms err_max median_ns ci_lo_ns ci_hi_ns n gbps gflops repro".split()
rows = [json.loads(l) for l in open(sys.argv[1])]
assert "summary" in rows[-1]
assert rows[-1]["summary"]["PASS"] + rows[-1]["summary"]["SKIP"] == len(rows) - 1 >= 3
for r in rows[:-1]:
    missing = [k for k in want if k not in r]
    assert not missing, missing
    if r["status"] == "PASS":
        assert 0 < r["ci_lo_ns"] <= r["median_ns"] <= r["ci_hi_ns"] and r["n"] >= 1 and r["err_rms"] <= 1, r
        assert abs(r["gbps"] - r["bytes"] / r["median_ns"]) < 1e-9 * r["gbps"]
P
result "JSON has the documented fields and consistent figures"

# No input or oracle is made twice: one oracle per problem and fill, whatever the number of devices and tiles.
run 0 run '{op: rms_norm, entries: [rms_norm_f32], check: {fills: [normal, large]}, tile: {WG: [32, 64, 128]}}' --check-only --no-db --format json
python3 -c "
import json, sys
s = json.loads(open(sys.argv[1]).read().splitlines()[-1])['summary']
assert s['problems'] == 1 and s['oracles'] == 2, s" "$W/out"
result "one oracle per problem and fill serves all devices and tiles"

# Random order: the same cases, not in the order of the suite.
run 0 run suites/smoke.yaml --backend cpu --check-only --no-db --format json --shuffle && cp "$W/out" "$W/shuffled"
run 0 run suites/smoke.yaml --backend cpu --check-only --no-db --format json
python3 - "$W/out" "$W/shuffled" <<'P'
import json, sys
a, b = ([json.loads(l)["id"] for l in open(p) if '"status"' in l] for p in sys.argv[1:])
assert sorted(a) == sorted(b) and a != b and len(a) > 10
P
result "--shuffle runs the same cases in another order"

# The same pipeline is compiled once for cases that share it.
run 0 run '{op: rms_norm, entries: [rms_norm_f32], sweep: {rows: [1, 2, 3, 4, 5, 6, 7, 8]}}' --backend cpu --check-only --no-db --format json
python3 -c "
import json, sys
s = json.loads(open(sys.argv[1]).read().splitlines()[-1])['summary']
assert s['PASS'] == 8 and s['pipelines_compiled'] == 1 and s['pipelines_reused'] >= 7, s" "$W/out"
result "cases that differ in parameters alone share one pipeline"

# A repro line reproduces: same status, same id.
run 0 run suites/smoke.yaml --op rms_norm --backend cpu --check-only --no-db --format json
python3 - "$W/out" "$MLXBENCH" <<'P'
import json, shlex, subprocess, sys
rows = [json.loads(l) for l in open(sys.argv[1])][:-1]
for r in rows[:3]:
    argv = shlex.split(r["repro"])
    assert argv[0] == "mlxbench"
    out = subprocess.run([sys.argv[2]] + argv[1:] + ["--check-only", "--no-db", "--format", "json"], capture_output=True, text=True)
    again = json.loads(out.stdout.splitlines()[0])
    assert (again["id"], again["status"], again["err_max"]) == (r["id"], r["status"], r["err_max"]), (r, again)
P
result "repro lines give the same case and the same error"

run 0 dump '{op: rms_norm, entries: [rms_norm_bf16], params: {rows: 3, dim: 40}}' --backend cpu --out "$W/dump"
result "dump writes a case"
python3 - "$W/dump" <<'P'
import ast, json, struct, sys
d = sys.argv[1]
def npy(path):
    raw = open(path, "rb").read()
    assert raw[:8] == b"\x93NUMPY\x01\x00"
    n = struct.unpack("<H", raw[8:10])[0]
    assert (10 + n) % 64 == 0
    h = ast.literal_eval(raw[10:10 + n].decode())
    code = {"<f4": "f", "<f8": "d"}[h["descr"]]
    count = 1
    for s in h["shape"]:
        count *= s
    return h["shape"], struct.unpack("<%d%s" % (count, code), raw[10 + n:])
case = json.load(open(d + "/case.json"))
assert case["op"] == "rms_norm" and case["params"]["rows"] == 3
shape, x = npy(d + "/x.npy")
assert shape == (3, 40), shape
_, w = npy(d + "/w.npy")
_, ref = npy(d + "/y.oracle.npy")
out = [t["file"] for t in case["tensors"] if t["kind"] == "output"]
_, y = npy(d + "/" + out[0])
eps = case["params"]["eps"]
for r in range(3):
    row = x[r * 40:(r + 1) * 40]
    inv = (sum(v * v for v in row) / 40 + eps) ** -0.5
    for i in range(40):
        want = row[i] * inv * w[i]
        assert abs(ref[r * 40 + i] - want) <= 1e-9 * abs(want) + 1e-15
        assert abs(y[r * 40 + i] - want) <= 2.0 ** -8 * abs(want) + 1e-30
P
result "dumped files can be checked without mlxbench"

run 0 devices && grep -q '^cpu:0' "$W/out" && grep -q '^opencl:0' "$W/out" && grep -q '^vulkan:0' "$W/out"
result "devices lists all three backends"
run 0 version && grep -q '^mlxbench 0' "$W/out"; result "version"
for c in run list devices show dump doctor; do run 0 help $c && grep -q "usage: mlxbench $c" "$W/out"; result "help $c"; done

id=$("$MLXBENCH" list cases suites/smoke.yaml --op rms_norm --backend cpu | head -n 1 | cut -d ' ' -f 1)
run 0 show "$id" --db "$W/r.db" && grep -q "^$id" "$W/out"
result "show finds a stored case by its id"

# The validation layer has nothing to say.
MXB_VALIDATE=1 "$MLXBENCH" run suites/smoke.yaml --backend vulkan --check-only --no-db > "$W/out" 2> "$W/err" && grep -q ' 0 FAIL' "$W/out"
result "the smoke suite is clean under Vulkan's validation layer"

# On a terminal: progress with the time left, which never stays in the output.
if command -v script > /dev/null; then
    script -qec "$MLXBENCH run suites/flash_attn.yaml --tag masks --backend cpu --backend opencl --check-only --no-db" "$W/tty" > /dev/null < /dev/null
    grep -aq '^.*\[[0-9]*/[0-9]*\] .*left' "$W/tty"; result "progress with the time left on a terminal"
else
    skip "progress with the time left on a terminal" "no script(1) here"
fi
run 0 run '{op: rms_norm}' --check-only --no-db && [ ! -s "$W/err" ]; result "no progress line where there is no terminal"

# A backend without a driver is no error of the run, unless it was asked for by name.
export VK_DRIVER_FILES=/nonexistent.json VK_ICD_FILENAMES=/nonexistent.json
run 0 run '{op: rms_norm}' --check-only --no-db && grep -q 'unavailable' "$W/out"
result "a missing driver is a SKIP"
run 3 run '{op: rms_norm}' --backend vulkan --check-only --no-db && grep -q 'unavailable' "$W/err"
result "a missing driver is an error when its backend was named"
unset VK_DRIVER_FILES VK_ICD_FILENAMES
finish
