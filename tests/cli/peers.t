#!/usr/bin/env bash
# Other libraries beside ours: what `list cases` tells them, torch_peer.py with a stand-in for PyTorch, import, compare, report.
. tests/cli/tap.sh
peer=$PWD/scripts/peers/torch_peer.py
export MLXBENCH_DB=$W/r.db

cat > "$W/s.yaml" <<'Y'
suite: peers
bench: {rounds: 2, min_time: 1ms, max_time: 2ms}
check: {fills: [normal]}
cases:
  - op: bench_copy
    params: {n: 16}
    backends: [cpu]
  - op: rms_norm
    entries: [rms_norm_f16]
    params: {dim: 64}
    sweep: {rows: [4, 8]}
    impl: all
    backends: [cpu, opencl]
  - op: flash_attn_prefill
    entries: [flash_attn_prefill_bf16_d256]
    params: {n_heads: 4, n_kv_heads: 2, seq_len_q: 8, seq_len_k: 8, mask: rank2, mask_fill: window, window: 3}
    backends: [cpu]
  - op: flash_attn_vec_reduce
    entries: [flash_attn_vec_reduce_dk256]
    backends: [cpu]
  - op: kv_cache_copy
    entries: [kv_cache_copy_seq_f32_to_f16]
    params: {capacity: 8, n_tokens: 2}
    bench: false
    backends: [cpu]
Y
run 0 list cases "$W/s.yaml" --format json && cp "$W/out" "$W/cases.jsonl" && python3 - "$W/out" <<'P'
import json, re, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
doc = [l.split("|")[1] for l in open("docs/json.md").read().split("\n## What a suite expands to")[1].splitlines() if l.startswith("| `")]
assert set(re.findall(r"`(\w+)`", " ".join(doc))) == set(rows[0]), doc
norm = [r for r in rows if r["op"] == "rms_norm"]
assert {r["backend"] for r in norm} == {"cpu", "opencl"} and len(norm) == 8 and all(r["timed"] for r in norm), norm
assert norm[0]["tensors"] == [{"name": "x", "role": "in", "dtype": "f16", "shape": [4, 64]}, {"name": "w", "role": "in", "dtype": "f32", "shape": [64]},
                              {"name": "y", "role": "out", "dtype": "f16", "shape": [4, 64]}], norm[0]
assert norm[0]["bytes"] == 4 * 64 * 4 + 256 and norm[0]["flops"] == 4 * 4 * 64 and norm[0]["consts"] == {"HAS_W": 1}, norm[0]
at, = [r for r in rows if r["op"] == "flash_attn_prefill"]
assert at["consts"] == {"BD": 256, "BOOLMASK": 0} and at["params"]["mask"] == "rank2" and at["params"]["do_causal"] is False, at
assert [t["shape"] for t in at["tensors"]] == [[1, 4, 8, 256], [1, 2, 8, 256], [1, 2, 8, 256], [1, 4, 8, 256], [1, 1, 8, 8]], at
kv, = [r for r in rows if r["op"] == "kv_cache_copy"]
assert kv["timed"] is False and [(t["name"], t["role"], t["dtype"]) for t in kv["tensors"]] == [("src", "in", "f32"), ("cache", "inout", "f16")], kv
P
result "list cases tells shapes, types and constants"
rejects "list cases: unknown format" "unknown --format 'jsn', did you mean 'json'" list cases "$W/s.yaml" --format jsn

# Stands in for PyTorch: every function gives a tensor, every tensor is right.  FAKE=wrong: none is; refuse, lost, crash, hang: copies do that.
cat > "$W/torch.py" <<'P'
import os, signal, sys, time, types
how = os.environ.get("FAKE", "")
if how == "missing": raise ModuleNotFoundError("No module named 'torch'")
lost = []
class Tensor:
    shape = (1, 4, 8, 256)
    def __getattr__(self, name):
        if lost: raise RuntimeError("CUDA error: lost for good")
        return lambda *a, **k: Tensor()
    def __float__(self): return 1.0 if how == "wrong" else 0.0
    def __int__(self): return 1
    def __bool__(self): return True
for name in "add radd sub rsub mul rmul truediv rtruediv and or le lt gt ge eq mod matmul getitem invert neg".split():
    setattr(Tensor, "__%s__" % name, lambda *a: Tensor())
def empty_like(x):
    if how == "refuse": raise RuntimeError("not implemented\nfor 'UInt32'")
    if how == "lost": lost.append(1); raise RuntimeError("CUDA error: unspecified launch failure")
    if how == "crash": os.kill(os.getpid(), signal.SIGSEGV)
    if how == "hang": open(__file__ + ".hangs", "w").close(); time.sleep(60)
    return Tensor()
class cuda:
    is_available = staticmethod(lambda: False)
__version__ = "0.fake"
set_num_threads, get_num_threads, set_grad_enabled = (lambda n: None), (lambda: 2), (lambda on: None)
equal = lambda a, b: how != "wrong"
nn = sys.modules["torch.nn"] = types.SimpleNamespace(functional=Tensor())
def __getattr__(name): return lambda *a, **k: Tensor()
P

# torch CODE ARGS...: the peer on the cases above.
torch() {
    local want=$1
    shift
    PYTHONPATH=$W python3 "$peer" "$W/cases.jsonl" --time 0.002 "$@" > "$W/out" 2> "$W/err" < /dev/null
    code=$?
    [ $code -eq "$want" ] || { echo "# exit code $code, wanted $want: torch_peer.py $*"; return 1; }
}
torch 0 --rounds 2 && cp "$W/out" "$W/peer.jsonl" && grep -q '^torch_peer: 5 cases: 4 PASS$' "$W/err" && grep -q 'left out: 1 flash_attn_vec_reduce$' "$W/err" &&
    python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert [r["entry"] for r in rows] == ["bench_copy_u32", "rms_norm_f16", "rms_norm_f16", "flash_attn_prefill_bf16_d256"], rows
assert all(len(r["rounds_ns"]) == 2 and min(map(len, r["rounds_ns"])) >= 5 and r["driver_version"] == "0.fake, threads=2" for r in rows), rows
assert rows[1]["impl"] in ("eager", "rms_norm") and rows[3]["impl"].startswith("sdpa flash") and rows[3]["params"]["window"] == 3, rows
P
result "the peer times each case once, in every round, and says what it leaves out"
(cd / && PYTHONPATH=$W python3 "$peer" --time 0.002 --rounds 1 < "$W/cases.jsonl" > "$W/out" 2> "$W/err") && [ "$(wc -l < "$W/out")" -eq 4 ]
result "... from another folder, with the cases on stdin"

run 0 run "$W/s.yaml" --backend cpu --quiet && run 0 import "$W/peer.jsonl" && grep -q '^1 runs, 4 results' "$W/out"; result "its lines come in"
run 0 compare last~1 last --across --format json && mv "$W/out" "$W/ab" && run 0 compare last last~1 --across --format json && python3 - "$W/ab" "$W/out" <<'P'
import json, sys
ab, ba = ([json.loads(l) for l in open(f)] for f in sys.argv[1:])
for rows, ours, theirs in ((ab, "a", "b"), (ba, "b", "a")):
    both = [r for r in rows if r["ratio"]]
    assert len(both) == 2 * 3 + 1 + 1, rows                # impls of rms_norm on the cpu, twice; the others have one
    assert all(r[ours + "_backend"] == "cpu" and r[theirs + "_backend"] == "peer:torch" and " cpu " in r["case"] for r in both), both
    assert {r["entry"] for r in rows if r["verdict"].startswith("only")} == {"flash_attn_vec_reduce_dk256", "kv_cache_copy_seq_f32_to_f16"}, rows
P
result "compare --across sets each of our implementations beside it, under our name"
run 0 compare last~1 last --across && grep -q 'cpu, peer:torch sdpa flash.*flash_attn_prefill_bf16_d256 .* cpu auto' "$W/out"; result "... and says how the peer did it"
grep -qE '^  rms_norm  +[0-9.]+ over 2$' "$W/out" && grep -qE '^  all  +[0-9.]+ over 4$' "$W/out"; result "... and counts our fastest of each problem in the means"
run 0 compare last~1 last --format csv && ! grep -qE '^(slower|faster|unchanged|inconclusive),' "$W/out"; result "without --across they do not meet"

run 0 report last~1 last --out "$W/report" && python3 - "$W/report" <<'P'
import csv, json, re, sys
rows = json.load(open(sys.argv[1] + "/results.json"))
seen = {}
for r in rows:
    if r["median_ns"]: seen.setdefault((r["entry"], json.dumps(r["params"])), set()).add(r["backend"])
assert sum(s == {"cpu", "peer:torch"} for s in seen.values()) == 4, seen
bars = list(csv.DictReader(open(sys.argv[1] + "/plots/speed-rms_norm.csv")))
assert sorted((b["row"], b["series"]) for b in bars) == [("0", "cpu"), ("0", "peer:torch"), ("1", "cpu"), ("1", "peer:torch")], bars
page = open(sys.argv[1] + "/index.html").read()
assert re.search("<td>peer:torch<td>(eager|rms_norm) ", page) and "0.fake, threads=2" in page
rows = re.findall("<td>(?:norm_)?f16 ?(rows=[48])[^<]*<td>([^<]*)", page)
assert rows == [("rows=%d" % r, d) for r in (4, 8) for d in ("cpu", "cpu", "cpu", "peer:torch")], rows
P
result "the report has both in one table and in one picture"

FAKE=wrong torch 2 && python3 - "$W/out" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert [r["status"] for r in rows] == ["FAIL"] * 4 and "differs from float64 by 1 " in rows[1]["reason"] and not any("rounds_ns" in r for r in rows), rows
P
result "a result that differs is FAIL, without a time"
cp "$W/out" "$W/bad.jsonl"; run 0 import "$W/bad.jsonl"; result "... which comes in too"

# ends NAME STATUS REASON: the copy ends so, all else is timed.
ends() {
    python3 - "$W/out" "$2" "$3" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])]
assert [r.get("status", "PASS") for r in rows] == [sys.argv[2]] + ["PASS"] * 3 and sys.argv[3] in rows[0]["reason"], rows
assert all(len(r["rounds_ns"]) == 3 for r in rows[1:]), rows
P
    result "$1"
}
FAKE=refuse torch 2 && ends "what PyTorch refuses is ERROR, with its text on one line" ERROR "not implemented for 'UInt32'"
FAKE=lost torch 2 && ends "a lost GPU costs one case" ERROR "CUDA error: unspecified launch failure"
FAKE=crash torch 2 && ends "a crash costs one case" CRASHED "signal 11"
FAKE=hang torch 2 --timeout 1 && ends "so does a case without end" TIMEOUT "no answer within 1 s"
cp "$W/out" "$W/hang.jsonl"; run 0 import "$W/hang.jsonl"; result "... and comes in"
rm -f "$W/torch.py.hangs"
grep -E 'rms_norm|bench_copy' "$W/cases.jsonl" | tac > "$W/few.jsonl"      # the copy last
FAKE=hang PYTHONPATH=$W python3 - "$peer" "$W" > "$W/out" 2> "$W/err" <<'P'
import os, signal, subprocess, sys, time
peer = subprocess.Popen([sys.executable, sys.argv[1], sys.argv[2] + "/few.jsonl", "--time", "0.002"], start_new_session=True)
while not os.path.exists(sys.argv[2] + "/torch.py.hangs") and peer.poll() is None: time.sleep(0.01)
os.killpg(peer.pid, signal.SIGINT)
sys.exit(peer.wait() != 130)
P
[ $? -eq 0 ] && [ "$(grep -c '"rms_norm_f16".*rounds_ns' "$W/out")" -eq 2 ] && [ "$(wc -l < "$W/out")" -eq 2 ] && grep -qx 'torch_peer: 3 cases: 2 PASS, 1 not reached' "$W/err"
result "Ctrl-C writes what is finished"
sed 's/"cache":"warm"/"cache":"cold"/' "$W/cases.jsonl" > "$W/cold.jsonl"
PYTHONPATH=$W python3 "$peer" "$W/cold.jsonl" > "$W/out" 2> "$W/err" && [ "$(grep -c '"cache": "cold".*"status": "SKIP", "reason": "cold cache' "$W/out")" -eq 4 ]
result "a cold cache that cannot be had is SKIP"
torch 0 --check-only && [ ! -s "$W/out" ] && grep -q ': 6 cases: 5 PASS$' "$W/err"; result "--check-only takes the untimed too and writes what is wrong"
FAKE=wrong torch 2 --check-only && [ "$(grep -c FAIL "$W/out")" -eq 5 ]; result "... if anything is"

# refuses NAME PATTERN ARGS...: exit code 3, one line on stderr that matches.
refuses() {
    local name=$1 pattern=$2
    shift 2
    PYTHONPATH=$W python3 "$peer" "$@" > "$W/out" 2> "$W/err" < /dev/null
    [ $? -eq 3 ] && [ "$(wc -l < "$W/err")" -eq 1 ] && [ ! -s "$W/out" ] && grep -qE -- "^torch_peer: $pattern" "$W/err"
    result "$name"
}
refuses "an unknown option" 'unrecognized arguments: --sample' --sample 3
refuses "an unknown device" "argument --device: invalid choice: 'gpu'" --device gpu
refuses "no rounds" "argument --rounds: invalid value value: '0'" --rounds 0
refuses "a graph on the CPU" '--graph needs --device cuda' --graph
refuses "no such file" "cannot read '.*none': No such file" "$W/none"
refuses "what is no list of cases" '.*s\.yaml:1: no case; give the output of' "$W/s.yaml"
refuses "no GPU" 'PyTorch cannot be used: PyTorch 0.fake finds no CUDA device' "$W/cases.jsonl" --device cuda
FAKE=missing refuses "no PyTorch" "PyTorch cannot be used: ModuleNotFoundError: No module named 'torch'" "$W/cases.jsonl"
finish
