#!/usr/bin/env bash
# What CI reads: JUnit, TAP, Markdown, CSV, JSON; and the table on terminals of several widths.
. tests/cli/tap.sh

# A kernel with a wrong eps and an impossible tile: passed, failed and skipped cases in one run.
mkdir -p "$W/k/norm/rms_norm"
sed 's/p\.eps/(p.eps + 0.05f)/' kernels/norm/rms_norm/rms_norm.cl > "$W/k/norm/rms_norm/rms_norm.cl"
cat > "$W/mixed.yaml" <<'Y'
suite: "mixed <&> \"quoted\" 'ä|`"
bench: {rounds: 1, min_time: 1ms, max_time: 2ms}
cases:
  - op: rms_norm
    entries: [rms_norm_f32]
    params: {rows: 3, dim: 64}
    backends: [cpu, opencl]
  - op: rms_norm
    entries: [rms_norm_bf16]
    params: {rows: 3, dim: 64}
    backends: [cpu]
    tile: {WG: [32, 64]}
  - op: flash_attn_prefill
    entries: [flash_attn_prefill_bf16_d256]
    params: {seq_len_q: 9, seq_len_k: 9}
    tile: {BQ: [64], BK: [64]}
    backends: [vulkan]
    bench: false
Y
run 2 run "$W/mixed.yaml" --no-db --kernel-dir "$W/k" --format json --report "junit=$W/j.xml" --report "tap=$W/r.tap" \
    --report "markdown=$W/r.md" --report "csv=$W/r.csv" --report "table=$W/r.txt"
result "one run, six formats"
cp "$W/out" "$W/r.json"
python3 - "$W/r.json" <<'P'
import json, sys
rows = [json.loads(l) for l in open(sys.argv[1])][:-1]
assert {r["status"] for r in rows} >= {"PASS", "FAIL", "SKIP"}, rows
P
result "the run has passed, failed and skipped cases"

if command -v xmllint > /dev/null; then
    xmllint --noout --schema tests/schema/junit.xsd "$W/j.xml" 2> "$W/err"
    result "JUnit validates"
    sed 's/ classname="[^"]*"//' "$W/j.xml" > "$W/bad.xml"
    ! xmllint --noout --schema tests/schema/junit.xsd "$W/bad.xml" 2> "$W/err"
    result "and would not without its class names"
else
    skip "JUnit validates" "xmllint is not installed"
fi
python3 - "$W" <<'P'
import csv, json, re, sys, xml.etree.ElementTree as et
w = sys.argv[1]
lines = [json.loads(l) for l in open(w + "/r.json", encoding="utf-8")]
rows, want = lines[:-1], lines[-1]["summary"]
name = "mixed <&> \"quoted\" 'ä|`"
assert all(r["suite"] == name for r in rows)

suite, = et.parse(w + "/j.xml").getroot()
assert suite.get("name") == name
cases = suite.findall("testcase")
count = {k: int(suite.get(k)) for k in ("tests", "failures", "errors", "skipped")}
assert count == {"tests": len(rows), "failures": want["FAIL"], "errors": 0, "skipped": want["SKIP"]}, count
assert [("failure" if c.find("failure") is not None else "skip" if c.find("skipped") is not None else "ok") for c in cases] == \
       [{"FAIL": "failure", "SKIP": "skip", "PASS": "ok"}[r["status"]] for r in rows]
for c, r in zip(cases, rows):
    if r["status"] == "FAIL":
        assert c.find("failure").get("message") == r["reason"] and c.find("failure").text == r["repro"]
assert len({c.get("name") for c in cases}) == len(cases), "names are not unique"

tap = open(w + "/r.tap", encoding="utf-8").read().splitlines()
assert tap[0] == "TAP version 14" and tap[-1] == "1..%d" % len(rows)
points = [l for l in tap if re.match(r"(not )?ok \d+ - ", l)]
assert len(points) == len(rows)
for i, (l, r) in enumerate(zip(points, rows)):
    assert l.startswith("not ok" if r["status"] == "FAIL" else "ok") and " %d - " % (i + 1) in l
    assert ("# SKIP" in l) == (r["status"] == "SKIP")

table = list(csv.DictReader(open(w + "/r.csv", encoding="utf-8", newline="")))
assert len(table) == len(rows)
for t, r in zip(table, rows):
    assert set(t) == set(r) - {"format"}
    for k, v in t.items():
        v = json.loads(v) if k == "params" else v
        if r[k] is None: assert v == "", (k, v)
        elif isinstance(r[k], bool): assert v == str(r[k]).lower(), (k, v)
        elif isinstance(r[k], float): assert float(v) == r[k], (k, v, r[k])
        else: assert str(v) == str(r[k]), (k, v, r[k])

md = open(w + "/r.md", encoding="utf-8").read()
assert md.startswith("## mlxbench: failed") and len(md) < 1 << 20
assert all(r["repro"] in md for r in rows if r["status"] == "FAIL")
for l in md.splitlines():
    if l.startswith("| rms"): assert len(re.findall(r"(?<!\\)\|", l)) == 9, l
P
result "every format tells the same"

python3 - "$W/r.json" <<'P'
import json, re, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
doc = open("docs/json.md").read()
case, last = doc.split("## A case")[1].split("\n## What")[0].split("## The last line")
case = case.split("## A headline")[0]
def documented(text):
    rows = [l for l in text.splitlines() if l.startswith("| `")]
    return {n for l in rows for n in re.findall(r"`(\w+)`", l.split("|")[1])}
wanted = documented(case) - {"turn_ns"}             # with --turns alone
assert wanted == set(lines[0]), wanted ^ set(lines[0])
keys = set(lines[-1]["summary"]) - {"FAIL", "SKIP", "UNIMPLEMENTED", "MISTRUSTED", "ERROR", "CRASHED"}
assert documented(last) == keys, documented(last) ^ keys
assert all(l["format"] == 1 for l in lines) and "`format` is 1" in doc
P
result "docs/json.md has exactly the fields that there are"

grep -q "FAIL opencl:0" "$W/r.txt" && ! grep -q "$(printf '\033')" "$W/r.txt"
result "a table in a file has no colours"
run 0 run '{op: rms_norm, params: {rows: 2, dim: 8}, bench: false}' --no-db --backend cpu --quiet && ! grep -q 'PASS cpu' "$W/out" && grep -q 'PASS, 0 FAIL' "$W/out"
result "--quiet shows the summary only"
run 2 run "$W/mixed.yaml" --no-db --kernel-dir "$W/k" --quiet && grep -q 'FAIL opencl:0' "$W/out" && ! grep -q 'PASS cpu:0' "$W/out"
result "--quiet shows failures"
run 0 run '{op: rms_norm, params: {rows: 2, dim: 8}, bench: {rounds: 1, max_time: 1ms}}' --no-db --backend cpu --verbose && grep -q 'samples in 1 round' "$W/out" && grep -q 'eps=' "$W/out"
result "--verbose shows figures and all parameters"

rejects "an unknown format" "unknown format 'jnuit'.*junit" run '{op: rms_norm}' --no-db --report jnuit=x
rejects "--report without a file" "not FORMAT=FILE" run '{op: rms_norm}' --no-db --report junit
rejects "--report into a folder that is not there" "cannot write" run '{op: rms_norm}' --backend cpu --no-db --report junit=/nonexistent/x.xml
rejects "--quiet with --verbose" "exclude each other" run '{op: rms_norm}' --quiet --verbose

# On terminals: nothing but a command to copy is wider than the terminal, and numbers stand below each other.
cat > "$W/term.py" <<'P'
import fcntl, os, pty, re, struct, sys, termios
width, argv, env = int(sys.argv[1]), sys.argv[3:], dict(os.environ)
if sys.argv[2]: env["NO_COLOR"] = sys.argv[2]
pid, fd = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    os.execve(argv[0], argv, env)
data = b""
while True:
    try: more = os.read(fd, 65536)
    except OSError: break
    if not more: break
    data += more
os.waitpid(pid, 0)
text = re.sub(r"\r\x1b\[K.*?(?=\r)|\r\x1b\[K", "", data.decode()).replace("\r\n", "\n")
colours = re.findall(r"\x1b\[\d+m", text)
assert bool(colours) == (not sys.argv[2]), colours[:3]
plain = re.sub(r"\x1b\[\d*[mK]", "", text).replace("\r", "")
for line in plain.splitlines():
    assert len(line) <= width or line.lstrip().startswith(("mlxbench run", "stored in")), (len(line), line)
blocks = [[l for l in b.splitlines() if re.match(r"  PASS .*σ", l)] for b in plain.split("\n\n")]
seen = 0
for b in blocks:
    for mark in ("σ", "±"):
        at = {l.index(mark) + (0 if mark == "σ" else 0) for l in b if mark in l}
        if mark == "σ" and at: seen += 1; assert len(at) == 1, b
assert seen, plain
if width < 100: assert "…" in plain
print(plain)
P
for width in 80 140; do
    python3 "$W/term.py" $width "" "$MLXBENCH" run suites/flash_attn.yaml --tag tiles --rounds 1 --no-db > "$W/out" 2> "$W/err"
    result "the table fits a terminal of $width columns"
done
python3 "$W/term.py" 80 1 "$MLXBENCH" run suites/flash_attn.yaml --tag tiles --check-only --no-db > "$W/out" 2> "$W/err"
result "no colours with NO_COLOR"
run 0 run suites/flash_attn.yaml --tag tiles --check-only --no-db && ! grep -q '…' "$W/out"
result "nothing is cut when the output is no terminal"
finish
